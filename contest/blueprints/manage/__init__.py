"""The organiser's room: desk, setting up, people, assignments, progress, entries and the audit log."""

from flask import Blueprint

from contest.services.checklist import percent

bp = Blueprint("manage", __name__)
bp.app_template_filter("percent")(percent)

# The views register themselves on `bp`, so they are imported after it is made.
from contest.blueprints.manage import (  # noqa: E402, F401
    assignments,
    audit,
    desk,
    entries,
    overview,
    people,
    progress,
    rubric,
    setup,
)
