"""What others see of a page before they open it: the picture of a contest, and the cards that links show."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from contest import web
from contest.services import covers, publications
from contest.web import actor, public, session

bp = Blueprint("share", __name__)


@bp.get("/covers/<slug>/<preset>")
@public
def cover(slug: str, preset: str) -> Any:
    """One size of a contest's picture, for those who may see the contest's page."""
    key, for_everybody = covers.key_of(session(), actor(), slug, preset)
    return web.picture(
        key,
        # The key changes with the picture.
        etag=web.opaque("cover", key),
        public_cache=for_everybody,
        media_type="image/jpeg" if preset == covers.CARD else "image/webp",
    )


@bp.get("/pictures/<slug>/<int(max=2147483647):number>/card")
@public
def card(slug: str, number: int) -> Any:
    """The picture for links to the winners, public while its publication is in force."""
    key = publications.card_key(session(), slug, number)
    return web.picture(key, etag=web.opaque("card", key), public_cache=True, media_type="image/jpeg")


@bp.get("/pictures/<slug>/<int(max=2147483647):number>/<int(max=2147483647):award>/card")
@public
def winner_card(slug: str, number: int, award: int) -> Any:
    """The picture for links to one winner, as public as the winners' page."""
    key = publications.card_key(session(), slug, number, award)
    return web.picture(key, etag=web.opaque("card", key), public_cache=True, media_type="image/jpeg")
