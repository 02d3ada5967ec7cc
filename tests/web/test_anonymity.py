"""Nothing that a judge gets tells who made an entry."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import unicodedata
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy.orm import Session

from contest.models import Account, Contest, Entry
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Pages
from tests.pictures import png


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", slug="ferry", title=both("Ferry app"))


@pytest.fixture
def judge(make: Make, contest: Contest) -> Account:
    return make.member(contest, Role.JUDGE, make.account("Aoki Haruka", zone="Europe/Vienna"))


def forms_of(token: str) -> dict[str, bytes]:
    """A token as it might be hidden: plain, in other normal forms, encoded or hashed."""
    raw = token.encode()
    found = {
        "plain": raw,
        "nfd": unicodedata.normalize("NFD", token).encode(),
        "url": quote(token).encode(),
        "hex": raw.hex().encode(),
        "md5": hashlib.md5(raw).hexdigest().encode(),
        "sha256": hashlib.sha256(raw).hexdigest().encode(),
        "escaped": token.encode("unicode_escape"),
        "lower": token.lower().encode(),
    }
    for shift in range(3):
        # Base64 of the token inside other bytes: three alignments, their uncertain ends cut off.
        encoded = base64.b64encode(b"\0" * shift + raw)
        found[f"base64-{shift}"] = encoded[4 if shift else 0 : -4]
    return {name: value for name, value in found.items() if len(value) >= 6}


def plant(make: Make, session: Session, contest: Contest, storage: Storage) -> tuple[Entry, dict[str, str]]:
    """An entry all of whose hidden facts are canaries."""
    entrant = make.account(
        "Zzyzx Canaryname 鳥居カナリア",
        email="canary.mail.7731@kanarienvogel.example",
        country="Kiribatiland",
        latin_name="Latincanary Qwx",
        zone="Pacific/Kiritimati",
    )
    entry = make.entry(
        contest,
        entrant,
        files=0,
        state="draft",
        credit="Creditcanary Atelier 9917",
        title="A plain title",
        statement="A plain statement.",
    )
    first = make.file(entry, body=png(), storage=storage, name="kanarie-original-5521.png", alt="A plain picture")
    second = make.file(
        entry,
        "source",
        kind="zip",
        body=b"zipcanarybytes",
        storage=storage,
        previews=False,
        preview_state="icon",
        preview_reason="nothing_inside",
        preview_tree=[["treecanary-2206/kanarie.sketch", 10, 0], ["notes.endcanary", 3, 0]],
        name="origcanary-source-8812.zip",
    )
    entry.state, entry.submitted_at = "submitted", datetime(2019, 2, 3, 4, 5, 6, tzinfo=UTC)
    session.flush()
    revision = make.revision(entry)
    tokens = {
        "name": entrant.name,
        "family": "鳥居カナリア",
        "latin": entrant.latin_name,
        "mail": entrant.email,
        "mail name": "canary.mail.7731",
        "country": entrant.country,
        "zone": "Kiritimati",
        "credit": entry.credit,
        "account": str(entrant.id),
        "entry": str(entry.id),
        "revision": str(revision.id),
        "file": str(first.id),
        "second file": str(second.id),
        "key": first.key,
        "staging": first.staging_key,
        "name of file": first.name,
        "second name": second.name,
        "path of a member": "treecanary-2206",
        "end of a member's name": "endcanary",
        "sha256": first.sha256.hex(),
        "submitted": "2019-02-03",
    }
    tokens |= {f"preview {one.preset}": str(one.id) for one in first.previews}
    tokens |= {f"preview key {one.preset}": one.key for one in first.previews}
    for name in ("account", "entry", "revision", "file"):
        tokens[f"{name} without hyphens"] = uuid.UUID(tokens[name]).hex
    return entry, tokens


def test_nothing_a_judge_gets_tells_who_made_an_entry(
    pages: Pages, make: Make, session: Session, contest: Contest, judge: Account, storage: Storage
) -> None:
    entry, tokens = plant(make, session, contest, storage)
    mine = make.assignment(entry, judge, code="B-4242", position=1)
    make.flag(mine, "copied", words="Seen elsewhere.", answered_by=contest.created_by, answered_at=datetime.now(UTC))
    rival = make.member(contest, Role.JUDGE, make.account("Rivalcanary 競争カナリア"))
    make.flag(make.assignment(entry, rival, code="K-4242"), "discuss", words="Flagcanary of another judge.")
    tokens |= {"another judge": "Rivalcanary", "what another judge told": "Flagcanary"}
    make.assignment(make.entry(contest, title="Another", files=0), judge, code="B-4243", position=2)
    make.open_round(contest)
    desk = pages.as_(judge)
    got: list[tuple[str, bytes]] = []

    def take(response: Any, where: str) -> Any:
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        got.append((where, headers.encode() + b"\n\n" + response.data))
        return response

    seen, queue = set(), ["/judge/ferry", "/judge/ferry/B-4242"]
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        response = take(desk.open(path), path)
        assert response.status_code == 200, path
        if response.mimetype == "text/html":
            text = response.get_data(as_text=True)
            queue += [found for found in _addresses(text) if found.startswith("/judge/")]
    sheet = desk.get("/judge/ferry/B-4242")
    body = {"version": 0, "levels": {"clarity": 1}, "note": "n", "comment": "c"}
    headers = {"X-CSRFToken": desk.token(), "Accept": "application/json"}
    take(desk.open("/judge/ferry/B-4242", method="POST", json=body, headers=headers), "saving")
    take(desk.open("/judge/ferry/B-4242", method="POST", json={**body, "note": "m"}, headers=headers), "409")
    url, data = sheet.form("Send to the app team")
    take(desk.open(url, method="POST", data=data | {"kind": "other"}), "refused telling")
    url, data = sheet.form("Submit")
    take(desk.open(url, method="POST", data=data | {"note": "other"}), "conflict page")
    take(desk.open(url, method="POST", data=data | {"version": "1", "do": "submit"}), "refused page")
    take(desk.open("/judge/ferry/B-4242/pictures/9/9/320"), "404")
    take(desk.open("/judge/ferry/B-4242/pictures/1/1/320", headers={"If-None-Match": "x"}), "picture")

    hits = [
        (name, form, where)
        for name, token in tokens.items()
        for form, value in forms_of(token).items()
        for where, body in got
        if value in body
    ]
    assert hits == []
    assert len(got) >= 12
    assert "/judge/ferry/B-4242/compare?to=B-4243&other=1&picture=1" in seen
    assert {"/judge/ferry/B-4242/recuse", "/judge/ferry/B-4242/pictures/1/1/2560", "/judge/ferry?show=judged"} <= seen
    everything = b"".join(body for _, body in got)
    assert b"A plain title" in everything and b"Seen elsewhere." in everything
    assert b"file-1.zip" in everything


def _addresses(page: str) -> list[str]:
    """Every address that a page names, in whatever attribute."""
    found = [html.unescape(value) for value in re.findall(r'(?:href|src|action|data-\w+)="([^"]+)"', page)]
    for value in re.findall(r'srcset="([^"]+)"', page):
        found += [part.split()[0] for part in html.unescape(value).split(",")]
    return [value for value in found if " " not in value and not value.endswith(("/reopen", "/told", "/back"))]


def test_the_canaries_are_seen_where_they_may_be(
    pages: Pages, make: Make, session: Session, contest: Contest, storage: Storage
) -> None:
    """The search itself works: the organiser's page of the same entry holds what judges must not see."""
    entry, tokens = plant(make, session, contest, storage)
    organiser = session.get(Account, contest.created_by)

    page = pages.as_(organiser).open(f"/manage/ferry/entries/{entry.number}").data

    assert {name for name in ("name", "mail", "credit", "name of file") if forms_of(tokens[name])["plain"] in page} >= {
        "name"
    }


def test_codes_tags_and_order_differ_between_judges(
    pages: Pages, make: Make, contest: Contest, judge: Account, storage: Storage
) -> None:
    other = make.member(contest, Role.JUDGE)
    entry = make.entry(contest, files=0, state="draft")
    make.file(entry, body=png(), storage=storage)
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    make.session.flush()
    make.revision(entry)
    make.assignment(entry, judge, code="B-1")
    make.assignment(entry, other, code="K-2")
    make.open_round(contest)

    mine = pages.as_(judge).open("/judge/ferry/B-1/pictures/1/1/320")
    theirs = pages.as_(other).open("/judge/ferry/K-2/pictures/1/1/320")

    assert mine.data == theirs.data
    assert mine.headers["ETag"] != theirs.headers["ETag"]
    assert pages.as_(other).open("/judge/ferry/B-1/pictures/1/1/320").status_code == 404
