"""The form of a contest's picture: the file, its words for those who cannot see it, and a caption."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from contest.forms.contests import Versioned
from contest.forms.kit import FileField, TextsFields
from contest.services.covers import CAPTION_MOST
from contest.services.drafts import ALT_MOST


class Cover(Versioned):
    file = FileField(
        _l("Picture"),
        description=_l("PNG, JPEG, WebP or SVG, at most 20 MB. A wide one of 2,560 pixels looks best."),
        render_kw={"accept": "image/png,image/jpeg,image/webp,image/svg+xml"},
    )
    alt = TextsFields(
        _l("What the picture shows"),
        area=True,
        most=ALT_MOST,
        hint=_l("One sentence for those who cannot see it."),
    )
    caption = TextsFields(
        _l("Caption"),
        area=True,
        most=CAPTION_MOST,
        hint=_l("Shown under the picture. You may leave it out."),
    )
