"""The kit: a page of every component in every state, for those who build pages. Not there in production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, request

from contest import web
from contest.errors import NotFound
from contest.forms import samples as forms
from contest.web import public

bp = Blueprint("kit", __name__)

#: The page is the same on every day: its clock stands still.
CLOSES = datetime(2026, 11, 30, 14, 59, 59, tzinfo=UTC)
NOW = CLOSES - timedelta(days=2, hours=3, minutes=8)
#: Ledger of the sample table: number, title, points, state.
ROWS = (
    ("0127", "Tide Line", "4.46", True),
    ("0388", "わたる", "4.41", True),
    ("0052", forms.ARABIC, "4.28", False),
)


@dataclass(frozen=True)
class Listing:
    """The least that `sort_th` and `pages` ask of a list."""

    sort: str
    descending: bool
    page: int
    pages: int = 12
    total: int = 571
    per: int = 50

    def query(self, **changes: Any) -> dict[str, Any]:
        at = {"sort": self.sort, "descending": self.descending, "page": self.page, **changes}
        return {"sort": at["sort"], **({"down": 1} if at["descending"] else {}), "page": at["page"]}


@bp.get("/kit")
@public
def page() -> Any:
    if web.settings().production:
        raise NotFound
    sort = request.args.get("sort", "points")
    number = request.args.get("page", 5, type=int)
    descending = "down" in request.args or not request.args
    listing = Listing(sort if sort in ("number", "title", "points") else "points", descending, min(max(number, 1), 12))
    place = {"number": 0, "title": 1, "points": 2}[listing.sort]
    response = web.page(
        "kit_page.html",
        form=forms.samples(),
        listing=listing,
        rows=sorted(ROWS, key=lambda row: str(row[place]), reverse=listing.descending),
        closes=CLOSES,
        at=NOW,
        arabic=forms.ARABIC,
        long=forms.LONG,
    )
    response.headers["X-Robots-Tag"] = "noindex"
    return response
