"""Similar entries: pages that look alike, found by their hashes, shown to an organiser as evidence."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session


def compare(session: Session, file_id: uuid.UUID) -> None:
    """The job: compare the pages of one file with those of other entrants, and note pairs that look alike."""
