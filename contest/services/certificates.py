"""Certificates: what a publication gave an entry, on one sheet, and whether it still stands.

A certificate is nothing of its own: it is an award of a publication under the number `C-SLUG-PUBLICATION-AWARD`,
so that it says what two people confirmed, and is worth what the publication is worth.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unicodedata import east_asian_width

import segno
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import clock, i18n
from contest.documents import typeset
from contest.errors import NotFound
from contest.models import Account, Contest, Publication
from contest.permissions import Actor
from contest.services import contests, entries, publications
from contest.settings import Settings
from contest.vocabulary import LOCALES, PublicationState

_NUMBER = re.compile(r"C-([a-z0-9-]+)-([1-9][0-9]{0,8})-([1-9][0-9]{0,8})")
#: Every language of a contest on one sheet.
BOTH = "both"
#: The widest list of a jury that a sheet has room for, where a letter of Japanese is 2 wide.
WIDEST_JURY = 360
#: What may stand below the credit: nothing more, the account's name, or that name in Latin letters.
NAMES = ("", "own", "latin")


@dataclass(frozen=True)
class Certificate:
    """An award of a publication that is or was public."""

    slug: str
    found: publications.Public
    award: Mapping[str, Any]
    #: By what its publication was taken back, if it was.
    taken_back: publications.Retraction | None = None
    #: The certificate that another publication, the one in force now, gives to the same entry.
    newer: Certificate | None = None

    @property
    def number(self) -> str:
        return f"C-{self.slug}-{self.found.number}-{self.award['number']}"

    @property
    def contest(self) -> Mapping[str, Any]:
        contest: Mapping[str, Any] = self.found.snapshot["contest"]
        return contest

    @property
    def stands(self) -> bool:
        """Whether it may be shown as true: its publication is in force, or the one that is says the same of it."""
        if self.found.state == PublicationState.PUBLISHED:
            return True
        return self.taken_back is None and self.newer is not None and _same(self, self.newer)


def _same(one: Certificate, other: Certificate) -> bool:
    names = ("entry", "revision", "title", "credit")
    return all(one.award[name] == other.award[name] for name in names) and (
        one.award["prize"]["name"] == other.award["prize"]["name"]
    )


# Finding -----------------------------------------------------------------------------------------


def check(session: Session, number: str) -> Certificate:
    """The certificate of a number, also when it does not stand any more. Raises NotFound."""
    parts = _NUMBER.fullmatch(number)
    if parts is None:
        raise NotFound
    slug, publication, award = parts[1], int(parts[2]), int(parts[3])
    if publication > 2**31 - 1:
        raise NotFound
    found = publications.get_public(session, slug, publication, whole=False)
    given = next((one for one in found.snapshot["awards"] if one["number"] == award), None)
    if given is None:
        raise NotFound
    return _as_it_stands(session, slug, found, given)


def _as_it_stands(session: Session, slug: str, found: publications.Public, award: Mapping[str, Any]) -> Certificate:
    if found.state == PublicationState.PUBLISHED:
        return Certificate(slug, found, award)
    taken_back = publications.retraction(session, slug, found.number)
    try:
        now = publications.get_public(session, slug, whole=False)
        newer = Certificate(slug, now, publications.award_of(now, award["entry"]))
    except NotFound:
        newer = None
    return Certificate(slug, found, award, taken_back, newer)


@dataclass(frozen=True)
class Own:
    certificate: Certificate
    account: Account

    @property
    def names(self) -> dict[str, str]:
        """What may stand below the credit, by the values of NAMES; what the credit says already is left out."""
        said = {"own": self.account.name, "latin": self.account.latin_name}
        credit = self.certificate.award["credit"]
        return {"": "", **{key: name for key, name in said.items() if name and name not in credit}}


def own(session: Session, actor: Actor, slug: str) -> Own:
    """The certificate of the actor's own entry, of the newest publication that gave it an award. Raises NotFound."""
    entry = entries.get_own(session, actor, slug)
    numbers = session.scalars(
        select(Publication.number)
        .where(Publication.contest_id == entry.contest_id, Publication.published_at.is_not(None))
        .where(Publication.snapshot["awards"].contains([{"entry": entry.number}]))
        .order_by(Publication.number.desc())
    )
    newest = numbers.first()
    if newest is None:
        raise NotFound
    found = publications.get_public(session, slug, newest, whole=False)
    made = _as_it_stands(session, slug, found, publications.award_of(found, entry.number))
    return Own(made, entry.account)


def all_of(session: Session, actor: Actor, slug: str) -> tuple[Contest, list[Certificate]]:
    """For the app team: every certificate of the publication in force; none without one. Raises NotFound."""
    contest = contests.get_managed(session, actor, slug)
    try:
        found = publications.get_public(session, slug, whole=False)
    except NotFound:
        return contest, []
    return contest, [Certificate(slug, found, award) for award in found.snapshot["awards"]]


# Wording -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words:
    """What a sheet says in one language."""

    lang: str
    heading: str
    prize: str
    awarded: str
    sentence: str
    host: str
    date: str
    judged: str
    jury: str
    check: str


@dataclass(frozen=True)
class Sheet:
    """A certificate as its page and its PDF show it: the same words in the same order."""

    number: str
    credit: str
    #: Of the account, below the credit; "" for none.
    name: str
    words: Sequence[Words]
    #: Where anyone can check it, as a link and as people read it; the beginning of the publication's digest.
    address: str
    shown: str
    digest: str
    #: The address as a QR code: an SVG, and the same as an address of its own for a page.
    code: str
    code_address: str


def languages(chosen: str) -> Sequence[str]:
    """The languages of a sheet, in the order in which it shows them."""
    return (chosen,) if chosen in LOCALES else tuple(reversed(LOCALES))


def sheet(settings: Settings, made: Certificate, language: str = BOTH, name: str = "") -> Sheet:
    """The sheet of a certificate in one language of the contests or in BOTH; `name` stands below the credit."""
    address = f"{settings.base_url}/certificates/{made.number}"
    code = segno.make(address, error="m")
    return Sheet(
        number=made.number,
        credit=made.award["credit"],
        name=name,
        words=[_words(made, lang) for lang in languages(language)],
        address=address,
        shown=address.partition("://")[2],
        digest=" ".join(made.found.digest[at : at + 4] for at in range(0, 16, 4)),
        code=code.svg_inline(border=0, omitsize=True),
        code_address=code.svg_data_uri(border=0, omitsize=True),
    )


def _words(made: Certificate, lang: str) -> Words:
    said = i18n.gettext(lang)
    host, jury = made.contest["host"], _jury(made)
    sentence = said.gettext("For the design “%(title)s” in “%(contest)s”. The jury saw all entries without names.")
    contest = str(i18n.say(made.contest["title"], lang))
    return Words(
        lang=lang,
        heading=said.gettext("Certificate of award"),
        prize=str(i18n.say(made.award["prize"]["name"], lang)),
        awarded=said.gettext("Awarded to"),
        sentence=sentence % {"title": made.award["title"], "contest": contest},
        host=str(i18n.say(host, lang)),
        date=i18n.date(clock.to_local(made.found.published_at, made.contest["zone"]), lang),
        judged=said.gettext("Jury"),
        jury=str(i18n.say(jury, lang)),
        check=said.gettext("Check this certificate:"),
    )


def _jury(made: Certificate) -> Mapping[str, str]:
    """Who judged, on one line in each language. None of a jury so large that a sheet would run over its page."""
    people = (made.found.snapshot.get("jury") or {}).get("people") or {}
    lines = {lang: " ".join(text.split()) for lang, text in people.items()}
    wide = (sum(1 + (east_asian_width(each) in "WF") for each in line) for line in lines.values())
    return lines if max(wide, default=0) <= WIDEST_JURY else {}


# Typesetting -------------------------------------------------------------------------------------


def pdf(settings: Settings, sheets: Sequence[Sheet], *, at: datetime) -> bytes:
    """The sheets as one PDF, a page each. `at`: when they were published. Raises `documents.NotTypeset`."""
    first = sheets[0].words[0]
    return typeset(
        "certificate",
        {
            "title": f"{first.heading} {sheets[0].number}" if len(sheets) == 1 else first.heading,
            "author": first.host or settings.site_name,
            "lang": first.lang,
            "sheets": [{**vars(one), "words": [vars(words) for words in one.words]} for one in sheets],
        },
        at=at,
    )
