"""What others see of a page before they open it: the picture of a contest, and the cards that links show."""

from __future__ import annotations

from typing import Any

from babel.core import get_global
from flask import Blueprint

from contest import i18n, web
from contest.services import covers, publications
from contest.web import actor, public, session

bp = Blueprint("share", __name__)


@bp.app_template_filter()
def og_locale(code: str) -> str:
    """A language as links tell it, with its likeliest territory: en_US, ja_JP."""
    parsed = i18n.cldr(code)
    if parsed.territory:
        return f"{parsed.language}_{parsed.territory}"
    likely = str(get_global("likely_subtags").get(parsed.language, parsed.language)).split("_")
    return f"{parsed.language}_{likely[-1]}" if len(likely) > 1 else parsed.language


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
