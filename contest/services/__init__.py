"""The acts. Each takes (session, actor, ids, now), never commits and never imports flask."""
