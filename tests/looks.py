"""Every page as somebody sees it: what is tried for accessibility, valid HTML and weight.

The list is derived from the access table, so that a new page is looked at as soon as its route has a row there:
each GET as the first visitor who gets it, each form as the first visitor whom it refuses with its problems shown.
What those rows do not reach (states of a page, empty rooms, errors) is added by hand below.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask_wtf.csrf import CSRFError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge, TooManyRequests

from contest.errors import Conflict
from contest.models import Account, Invitation, MailMessage, Preview
from contest.services import analysis, contests, entries, judging, results
from contest.settings import Settings
from contest.storage import Storage, StorageDown
from contest.vocabulary import Role
from tests import access
from tests.factories import Make
from tests.pictures import png
from tests.world import VISITORS, World, build

#: GET routes that are no page of their own: files, JSON, pictures, redirects, and parts that a script fetches.
NO_PAGES = {
    "about.accessibility_any",
    "about.favicon",
    "about.logo",
    "about.manifest",
    "about.session_state",
    "about.sheet",
    "api.publication",
    "api.publications",
    "api.scores",
    "api.standings",
    "files.media",
    "files.preview",
    "files.state",
    "files.tile",
    "health.healthz",
    "health.readyz",
    "judging.media",
    "judging.picture",
    "judging.tile",
    "manage.letter_html",
    "manage.similar_picture",
    # There only where PROTOTYPE_URL is set: web/test_prototypes.py and browser/test_prototypes.py read them.
    "prototypes.entry",
    "prototypes.judge",
    "prototypes.winner",
    "results.certificate_any",
    "results.certificates_file",
    "results.media",
    "results.own_certificate_file",
    "results.picture",
    "results.proposed_scores",
    "results.tile",
    "results.winner_any",
    "results.winners_any",
    "share.card",
    "share.cover",
    "share.winner_card",
    "submission.calendar",
    "submission.contest_any",
    "submission.entry_files",
    "submission.receipt_file",
    "submission.receipt_pdf",
}
#: Errors that no request of a test provokes, as the application answers them.
FAULTS: dict[str, Exception] = {
    "csrf": CSRFError("The CSRF token has expired."),
    "405": MethodNotAllowed(["POST"]),
    "409": Conflict("stale"),
    "413": RequestEntityTooLarge(),
    "429": TooManyRequests(),
    "500": RuntimeError("planned"),
    "storage": StorageDown("away"),
    "database": OperationalError("SELECT 1", {}, Exception("away")),
}


#: The secret of an invitation that nobody has answered yet.
INVITED = "an-invitation-of-the-tests"


@dataclass(frozen=True)
class Look:
    """A page as one visitor gets it: by a GET of `address`, or by sending the form `data` to it."""

    visitor: str
    address: str
    status: int = 200
    data: dict[str, str] | None = field(default=None, hash=False)

    def __str__(self) -> str:
        return f"{self.address}{' (sent)' if self.data is not None else ''} as {self.visitor}"


def prepare(make: Make, session: Session, settings: Settings, storage: Storage) -> World:
    """The world of the access table, and in it what makes pages long, empty, over or odd."""
    made = build(make, session, settings, storage)
    people = made.people
    organiser = _person(people, "organiser")
    entries.submit(session, make.actor(_person(people, "entrant")), "live", settings=settings)
    make.file(made.entry, state="rejected", reason="kind", name="notes.png")
    make.file(made.entry, state="received", name="a-very-long-name-without-any-space-in-it-that-goes-on-and-on.png")
    make.file(made.entry, "document", kind="pdf", name="booklet.pdf", preview_state="failed", previews=False)
    make.file(made.entry, alt="", name="screen.png", body=png(), storage=storage)
    made.entry.changed_at = datetime.now(UTC)

    people["newcomer"] = make.account("نور الهدى")
    people["newcomer_judge"] = make.member(made.judging, Role.JUDGE, make.account("Ng"))
    people["bare"] = make.account("A person whose name is long enough to need a second line", is_staff=True)
    contests.create(
        session,
        make.actor(_person(people, "bare")),
        slug="bare",
        title={"en": "A contest with nothing in it yet", "ja": ""},
        default_locale="en",
        zone="America/St_Johns",
    )
    make.contest("announced", organiser=organiser, slug="soon")
    make.contest("draft", organiser=organiser, slug="drafted")
    make.contest("grace", organiser=organiser, slug="graced")
    off = make.contest("cancelled", organiser=organiser, slug="off")
    make.entry(off, _person(people, "entrant"))
    make.member(off, Role.JUDGE, _person(people, "judge"))
    people["withdrawn"] = make.account("Ines")
    make.entry(made.open, people["withdrawn"], state="withdrawn")
    people["disqualified"] = make.account("Jun")
    make.entry(
        made.judging, people["disqualified"], state="disqualified", title="Ausstellungs" * 9, credit="𠮷野家" * 20
    )
    judging.recuse(
        session,
        make.actor(_person(people, "other_judge")),
        "judged",
        "K-2290",
        kind="personal",
        reason="My sister made it.",
    )
    _shut(make, organiser, _person(people, "judge"))
    _ranked(make, session, organiser)
    for preview in session.scalars(select(Preview)):
        storage.put(preview.key, png(preview.width, preview.height), content_type="image/png")
    session.add(
        Invitation(
            contest_id=made.open.id,
            role=Role.JUDGE,
            email="guest@example.org",
            email_key="guest@example.org",
            token_hash=hashlib.sha256(INVITED.encode()).digest(),
            invited_by=organiser.id,
            expires_at=datetime.now(UTC) + timedelta(days=9),
        )
    )
    made.names["letter"] = session.scalars(select(MailMessage.id).order_by(MailMessage.created_at)).first()
    session.commit()
    return made


def _shut(make: Make, organiser: Account, judge: Account) -> None:
    """A contest whose judging has closed, with one sheet in and one that never was."""
    shut = make.contest("judging", organiser=organiser, slug="shut")
    make.member(shut, Role.JUDGE, judge)
    make.scorecard(make.assignment(make.entry(shut), judge, code="Q-0001"), [2, 3, 4])
    make.assignment(make.entry(shut), judge, code="Q-0002")
    make.close_round(shut)


def _ranked(make: Make, session: Session, organiser: Account) -> None:
    """A contest with a ranking of which all is known: raw and adjusted, a strict judge, one who gave one score only."""
    ranked = make.contest("judging", organiser=organiser, slug="ranked", judges_per_entry=3)
    made = [make.entry(ranked, title=title) for title in ("Tide Line", "桟橋の時刻表", "Harbour", "Slipway")]
    for name, levels in (("Strict", (4, 3, 1, 1)), ("Mild", (5, 5, 2, 3)), ("Flat", (3, 3, 3, 3))):
        judge = make.member(ranked, Role.JUDGE, make.account(name))
        for entry, level in zip(made, levels, strict=True):
            make.scorecard(make.assignment(entry, judge), [level] * 3)
    make.close_round(ranked)
    tally = results.make_tally(session, ranked.round.id, organiser.id)
    assert tally is not None
    analysis.analyse(lambda: nullcontext(session), lambda: nullcontext(session), tally.id)


def _person(people: dict[str, Account | None], name: str) -> Account:
    found = people[name]
    assert found is not None
    return found


def looks(world: World, lang: str) -> list[Look]:
    """Every page, grouped by visitor; those that end in another session of the visitor come last."""
    found = [*_derived(world), *_states(world), *_by_mail()]
    order = list(dict.fromkeys(look.visitor for look in found))
    in_language = [
        Look(look.visitor, re.sub(r"^/en/", f"/{lang}/", look.address), look.status, look.data) for look in found
    ]
    return sorted(dict.fromkeys(in_language), key=lambda look: order.index(look.visitor))


def _derived(world: World) -> Iterator[Look]:
    for key, row in access.TABLE.items():
        endpoint, method = key.split()
        wanted = 200 if method == "GET" else 422
        if endpoint in NO_PAGES or wanted not in row.statuses or row.json is not None:
            continue
        visitor = VISITORS[row.statuses.index(wanted)]
        data = None if method == "GET" else {name: str(value) for name, value in (row.data or {}).items()}
        yield Look(visitor, access.address(row.url, world), wanted, data)


def _states(world: World) -> Iterator[Look]:
    number = world.names["judged_number"]
    yield from (Look("anonymous", f"/en/contests/{slug}") for slug in ("soon", "graced", "judged", "done", "off"))
    yield Look("anonymous", f"/invitations/{INVITED}")
    yield Look("anonymous", f"/mail/{world.names['letter']}")
    yield Look("anonymous", "/no-such-page", 404)
    yield Look("entrant", "/en/contests/live")
    yield Look("entrant", "/manage/new", 403)
    yield Look("entrant", "/contests/judged/entry")
    yield Look("entrant", "/contests/done/entry")
    yield Look("entrant", "/contests/off/entry")
    yield Look("entrant", "/contests/live/receipts/1")
    yield Look("entrant", "/contests/judged/entry/submit", 403, {})
    yield Look("withdrawn", "/contests/live/entry")
    yield Look("disqualified", "/contests/judged/entry")
    yield from (Look("newcomer", address) for address in ("/desk", "/account", "/en/contests/live"))
    yield from (
        Look("judge", address)
        for address in ("/desk", "/judge/shut", "/judge/shut/Q-0001", "/judge/shut/Q-0002", "/judge/off")
    )
    yield Look("judge", "/judge/shut/Q-0002/compare")
    yield Look("judge", "/judge/judged/B-1180", 422, {"version": "0", "do": "submit"})
    yield Look("judge", "/judge/judged/B-1180/recuse", 422, {})
    yield Look("other_judge", "/judge/judged")
    yield Look("newcomer_judge", "/judge/judged")
    yield Look("organiser", "/desk")
    for part in ("", "/people", "/progress", "/entries", f"/entries/{number}", "/rubric", "/results", "/audit"):
        yield Look("organiser", f"/manage/judged{part}")
    for part in ("", "/progress", "/results", "/results/ranking", "/method"):
        yield Look("organiser", f"/manage/shut{part}")
    yield Look("organiser", "/manage/ranked/results/ranking")
    yield Look("organiser", "/manage/ranked/results")
    yield from (Look("organiser", f"/manage/done{part}") for part in ("", "/progress", "/assignments"))
    yield from (Look("organiser", f"/manage/{slug}") for slug in ("drafted", "soon", "graced", "off"))
    yield from (Look("organiser", f"/manage/drafted/{part}") for part in ("announce", "texts", "dates", "terms"))
    yield Look("organiser", "/en/contests/drafted")
    yield Look("publisher", "/desk")
    yield Look("publisher", "/manage/done/results")
    for part in ("", "/texts", "/dates", "/categories", "/deliverables", "/rubric", "/prizes", "/terms", "/people"):
        yield Look("bare", f"/manage/bare{part}")
    yield from (Look("bare", f"/manage/bare/{part}") for part in ("entries", "assignments", "progress", "results"))
    yield Look("bare", "/manage/new", 422, {"slug": "bare"})


def _by_mail() -> Iterator[Look]:
    """The pages that wait for a code, each after the form that sends it."""
    yield Look("reader of mail", "/sign-in", 200, {"email": "somebody@example.org"})
    yield Look("reader of mail", "/code", 422, {})
    yield Look("reader of mail", "/password", 200, {"email": "somebody@example.org"})
    yield Look("reader of mail", "/password/new", 422, {})
    yield Look("newcomer", "/account/address", 200, {"email": "somebody@example.org"})
    yield Look("newcomer", "/account/address/code", 422, {})


def fault(app: Flask, name: str, lang: str) -> Any:
    """The application's answer to an error, made in this process."""
    with app.test_request_context("/contests", headers={"Accept-Language": lang, "Accept": "text/html"}):
        answer = app.preprocess_request()
        assert answer is None
        return app.process_response(app.make_response(app.handle_user_exception(FAULTS[name])))
