"""A receipt as PDF: the words of its page, from the signed text, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from contest import clock, i18n
from contest.documents import typeset
from contest.services.receipts import Shown
from contest.settings import Settings


def receipt(settings: Settings, shown: Shown, locale: str) -> bytes:
    """The PDF of a receipt. Raises `documents.NotTypeset`."""
    return typeset("receipt", words(settings, shown, locale), at=shown.told.sealed_at)


def words(settings: Settings, shown: Shown, locale: str) -> dict[str, Any]:
    """All that the receipt says, as its page does."""
    told, payload, say = shown.told, shown.told.payload, i18n.gettext(locale).gettext
    signer = str(i18n.say(shown.contest.host, locale)) or settings.site_name
    zone = told.contest_zone
    about = say(
        "Revision %(revision)s of %(title)s, entry %(number)s of “%(contest)s”, is sealed. "
        "Judges see exactly these files."
    )
    moments = [(say("Sealed"), told.sealed_at)]
    if told.first_byte and told.last_byte:
        moments = [(say("Upload began"), told.first_byte), (say("Upload finished"), told.last_byte), *moments]
    if payload["grace_used"]:
        close = say("An upload began before the close, %(time)s, and it was sealed within the grace of %(grace)s.") % {
            "time": i18n.time_label(told.deadline, zone, locale),
            "grace": i18n.duration(told.grace.total_seconds(), locale),
        }
    else:
        close = say("The close: %(time)s.") % {"time": i18n.time_label(told.deadline, zone, locale)}
    return {
        "lang": locale,
        "title": say("Receipt %(number)s") % {"number": told.number},
        "signer": signer,
        "outcome": say("Received within the grace") if payload["grace_used"] else say("Received in time"),
        "about": about
        % {
            "revision": payload["revision"],
            "title": payload["entry"]["title"],
            "number": f"{payload['entry']['number']:04d}",
            "contest": i18n.say(payload["contest"]["title"], locale),
        },
        "times": [
            {"label": label, "said": _everywhere(moment, zone, told.entrant_zone, locale)} for label, moment in moments
        ],
        "close": close,
        "files_title": say("Files, with their SHA-256"),
        "files": [
            {
                "name": i18n.safe_name(file["name"]),
                "size": say("%(size)s bytes") % {"size": f"{file['size']:,}"},
                "sha256": _groups(file["sha256"]),
            }
            for file in payload["files"]
        ],
        "texts": [
            {"label": label, "sha256": _groups(payload["texts"][name])}
            for name, label in (
                ("statement", say("Statement")),
                ("declaration", say("Declaration")),
                ("credit", say("Credit")),
            )
        ],
        "whole_title": say("Digest of the whole receipt"),
        "whole": _groups(told.digest),
        "signed": say("Signed by %(name)s") % {"name": signer},
        "key": say("Ed25519, key %(key)s") % {"key": shown.receipt.key_id},
        "signature": _groups(shown.receipt.signature.hex()),
        "check": say("Anyone who holds the receipt’s file can check it at"),
        "address": f"{settings.base_url}/receipts/check",
    }


def _everywhere(moment: datetime, zone: str, entrant: str, locale: str) -> list[str]:
    """A moment in the contest's zone, the entrant's and UTC, each zone once."""
    zones: Sequence[str] = list(dict.fromkeys((zone, entrant, "UTC")))
    return [i18n.time_label(clock.to_local(moment, one), one, locale) for one in zones]


def _groups(digest: str) -> list[str]:
    return [digest[at : at + 4] for at in range(0, len(digest), 4)]
