"""The organiser's room: desk, setting up, people, assignments, progress, entries and the audit log."""

from flask import Blueprint

from contest.services.checklist import completeness, percent

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
    picture,
    previews,
    progress,
    ranking,
    rubric,
    scoring,
    setup,
    similar,
)
from contest.blueprints.manage.common import allow_nonce, nonce  # noqa: E402

bp.app_template_global("completeness")(completeness)
bp.app_template_global("nonce")(nonce)
bp.after_app_request(allow_nonce)
