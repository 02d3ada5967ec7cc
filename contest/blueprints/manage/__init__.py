"""The organiser's room: desk, setting up, people, assignments, progress, entries and the audit log."""

from flask import Blueprint

bp = Blueprint("manage", __name__)

# The views register themselves on `bp`, so they are imported after it is made.
from contest.blueprints.manage import (  # noqa: E402, F401
    assignments,
    audit,
    desk,
    entries,
    flags,
    overview,
    people,
    picture,
    previews,
    progress,
    ranking,
    rubric,
    scoring,
    setup,
    similar,
)
