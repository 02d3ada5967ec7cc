"""The second host: what it serves and to whom, its headers, and that neither host has anything of the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from limits import parse
from sqlalchemy.orm import Session
from werkzeug.test import Client

from contest import create_app, prototype_host
from contest.models import Assignment, Contest, Entry, Preview, Publication
from contest.prototype_host import PrototypeHost
from contest.services import prototypes
from contest.services.packs import Packs
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Pages
from tests.prototypes import DECENT, give

HOST = "http://prototypes.example"
MEMBERS = {
    **DECENT,
    "old.html": b'<meta charset="shift_jis"><p>\x83e',
    "video.mp4": bytes(range(256)) * 8,
    "notes.pdf": b"%PDF-",
    "\u30da\u30fc\u30b8/\u4e00.html": b"<p>One",
}
FRAME = {"Sec-Fetch-Dest": "iframe"}


@pytest.fixture(scope="module")
def two_hosts(settings: Settings, storage: Storage) -> Iterator[Any]:
    """The application with a host for prototypes."""
    made = create_app(settings.model_copy(update={"prototype_url": HOST}))
    yield made
    made.extensions["contest.db"].close()


@pytest.fixture
def contest(make: Make) -> Contest:
    return make.contest("judging", slug="ferry")


@pytest.fixture
def entry(make: Make, contest: Contest, session: Session) -> Entry:
    return make.entry(contest, make.account("Chidi"), files=0, state="draft")


@pytest.fixture
def site(make: Make, entry: Entry, session: Session, storage: Storage) -> Preview:
    file = make.file(entry, kind="prototype", name="click.zip", previews=False, preview_state="icon")
    found = give(session, storage, file, MEMBERS)
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    session.flush()
    make.revision(entry)
    session.commit()
    return found


@pytest.fixture
def visitor(two_hosts: Any, session: Session, database: Any) -> Pages:
    return Pages(two_hosts, session)


def sealed(site: Preview, settings: Settings, at: float | None = None) -> str:
    moment = datetime.now(UTC).timestamp() if at is None else at
    return f"/{prototypes.seal(settings.secret_key, site.key, moment)}/"


def ask(two_hosts: Any, path: str, method: str = "GET", host: str = HOST, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return two_hosts.test_client().open(path, base_url=host, method=method, headers={**FRAME, **named})


# Serving -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "media_type", "name"),
    [
        ("", "text/html", "index.html"),
        ("index.html", "text/html", "index.html"),
        ("three/", "text/html", "three/index.html"),
        ("old.html", "text/html", "old.html"),
        ("css/look.css", "text/css", "css/look.css"),
        ("js/word.mjs", "text/javascript", "js/word.mjs"),
        ("data/facts.json", "application/json", "data/facts.json"),
        ("img/dot.svg", "image/svg+xml", "img/dot.svg"),
        ("video.mp4", "video/mp4", "video.mp4"),
        ("notes.pdf", "application/octet-stream", "notes.pdf"),
        # A name as macOS writes it, with its marks apart.
        ("%E3%83%98%E3%82%9A%E3%83%BC%E3%82%B7%E3%82%99/%E4%B8%80.html", "text/html; charset=utf-8", "ページ/一.html"),
    ],
)
def test_members_come_with_their_type_and_nothing_else(
    two_hosts: Any, site: Preview, settings: Settings, path: str, media_type: str, name: str
) -> None:
    answer = ask(two_hosts, sealed(site, settings) + path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert answer.data == MEMBERS[name]
    assert ask(two_hosts, sealed(site, settings) + path, "HEAD").headers["Content-Length"] == str(len(MEMBERS[name]))


def test_each_answer_is_shut_in(two_hosts: Any, site: Preview, settings: Settings) -> None:
    own = HOST + sealed(site, settings)
    for path in ("", "css/look.css", "nothing.html"):
        answer = ask(two_hosts, urlsplit(own).path + path)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["sandbox"] == "allow-scripts allow-forms"
        assert policy["default-src"] == policy["base-uri"] == policy["frame-src"] == policy["object-src"] == "'none'"
        assert policy["frame-ancestors"] == settings.base_url
        allowed = {word for name in policy if name.endswith(("-src", "-action")) for word in policy[name].split()}
        assert {word for word in allowed if ":" in word} == {own, "data:", "blob:"}
        assert answer.headers.get("Connection-Allowlist") == (f'("{own}*")' if answer.status_code == 200 else None)
        # For browsers without that; Chromium would complain of a directive that it does not know.
        assert policy["webrtc"] == "'block'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert "Set-Cookie" not in answer.headers
        assert "Strict-Transport-Security" not in answer.headers
        assert "public" not in answer.headers["Cache-Control"]


def test_a_folder_without_its_slash_is_sent_on_within_the_prototype(
    two_hosts: Any, site: Preview, settings: Settings
) -> None:
    own = sealed(site, settings)
    assert ask(two_hosts, own + "three").headers["Location"] == own + "three/"


@pytest.mark.parametrize(
    ("wanted", "status", "body", "told"),
    [
        ("bytes=0-3", 206, b"\x00\x01\x02\x03", "bytes 0-3/2048"),
        ("bytes=-2", 206, b"\xfe\xff", "bytes 2046-2047/2048"),
        ("bytes=2040-", 206, bytes(range(248, 256)), "bytes 2040-2047/2048"),
        ("bytes=4000-", 416, b"", "bytes */2048"),
        ("bytes=0-1,4-5", 200, bytes(range(256)) * 8, None),
    ],
)
def test_a_player_gets_the_range_that_it_asks_for(
    two_hosts: Any, site: Preview, settings: Settings, wanted: str, status: int, body: bytes, told: str | None
) -> None:
    answer = ask(two_hosts, sealed(site, settings) + "video.mp4", Range=wanted)

    assert (answer.status_code, answer.data) == (status, body)
    assert answer.headers.get("Content-Range") == told


@pytest.mark.parametrize(
    "path", ["nothing.html", "../index.html", "%2e%2e/index.html", "/index.html", "css", "index.html/", "three//"]
)
def test_what_is_no_member_is_not_there(two_hosts: Any, site: Preview, settings: Settings, path: str) -> None:
    answer = ask(two_hosts, sealed(site, settings) + path)

    assert answer.status_code == 404
    assert "The address may be too old" in answer.text


def test_words_that_are_not_ours_or_too_old_open_nothing(two_hosts: Any, site: Preview, settings: Settings) -> None:
    now = datetime.now(UTC).timestamp()
    word = sealed(site, settings, now)
    changed = word[:-2] + ("A" if word[-2] != "A" else "B") + "/"
    foreign = f"/{prototypes.seal('another key of thirty-two letters', site.key, now)}/"
    old = sealed(site, settings, now - prototypes.LIFETIME_S - 5)
    young = sealed(site, settings, now - prototypes.LIFETIME_S + 60)

    # What a lenient reader would leave out: it would come back in addresses that are made of the word.
    padded = "/\\" + word[1:]

    for path in (changed, foreign, old, padded, "/", "/x", "/%00/", "/a/b", f"/{site.key}/", "/\u3042/"):
        assert ask(two_hosts, path).status_code == 404, path
    assert ask(two_hosts, young).status_code == 200
    # The word itself says nothing of what it stands for.
    assert site.key not in word
    assert str(site.id) not in word
    assert sealed(site, settings, now) != word


def test_it_shows_in_a_frame_only(two_hosts: Any, site: Preview, settings: Settings) -> None:
    path = sealed(site, settings)

    for kind in ("document", "object", "embed", "serviceworker", ""):
        answer = ask(two_hosts, path, Sec_Fetch_Dest=kind)
        assert (answer.status_code, b"boats" in answer.data) == (403, False)
        assert (settings.base_url in answer.text) is (kind == "document")
    japanese = ask(two_hosts, path, Sec_Fetch_Dest="document", Accept_Language="ja")
    assert '<html lang="ja"' in japanese.text
    assert ask(two_hosts, path, "POST").status_code == 405


def test_a_store_that_is_away_is_said(settings: Settings) -> None:
    away = Storage(
        endpoint="http://127.0.0.1:1",
        public_endpoint="http://127.0.0.1:1",
        access_key="a",
        secret_key="b",
        bucket="c",
        attempts=1,
    )
    host = PrototypeHost(lambda *_: [b"site"], settings.model_copy(update={"prototype_url": HOST}), Packs(away))
    word = prototypes.seal(settings.secret_key, "previews/x", datetime.now(UTC).timestamp())
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/{word}/",
        "HTTP_HOST": "prototypes.example",
        "HTTP_SEC_FETCH_DEST": "iframe",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    said: list[str] = []

    body = b"".join(host(environ, lambda status, _headers: said.append(status)))

    assert said == ["503 SERVICE UNAVAILABLE"]
    assert b"Wait a minute" in body


# Two hosts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/en/", "/static/contest.css", "/healthz", "/sign-in", "/favicon.ico"])
def test_the_second_host_has_nothing_of_the_site(two_hosts: Any, path: str) -> None:
    answer = ask(two_hosts, path)

    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers


def test_the_site_has_nothing_of_the_second_host(
    two_hosts: Any, site: Preview, settings: Settings, database: Any
) -> None:
    assert ask(two_hosts, sealed(site, settings), host=settings.base_url).status_code == 404
    assert ask(two_hosts, "/healthz", host=settings.base_url).status_code == 200
    assert ask(two_hosts, "/", host="http://elsewhere.example").status_code == 400
    for odd in ("[x", "[::1"):
        assert two_hosts.test_client().get("/", headers={"Host": odd}).status_code == 400, odd
    # A port and capital letters make no other host.
    assert ask(two_hosts, sealed(site, settings), host="http://PROTOTYPES.example:8443").status_code == 200


# Pages with the frame ----------------------------------------------------------------------------


def test_who_may_open_a_prototype(
    visitor: Pages, make: Make, site: Preview, entry: Entry, contest: Contest, session: Session
) -> None:
    organiser = make.member(contest, Role.ORGANISER, make.account("Aino", is_staff=True))
    judge, other_judge = (make.member(contest, Role.JUDGE, make.account(name)) for name in ("Emeka", "Farid"))
    code = make.assignment(entry, judge).code
    make.open_round(contest)
    session.commit()
    team = f"/prototypes/{site.id}"
    blind = f"/judge/ferry/{code}/prototype/1"

    def status(account: Any, path: str) -> int:
        return int(visitor.as_(account).open(path).status_code)

    assert [status(who, team) for who in (None, entry.account, make.account("Dalia"), organiser, judge)] == [
        302,
        200,
        404,
        200,
        404,
    ]
    assert [status(who, blind) for who in (None, entry.account, organiser, judge, other_judge)] == [
        302,
        404,
        404,
        200,
        404,
    ]
    assert status(judge, f"/judge/ferry/{code}/prototype/2") == 404
    assert status(judge, f"/judge/ferry/{code}/prototype/0") == 404


def test_the_page_frames_the_prototype_and_nothing_else(
    visitor: Pages, make: Make, site: Preview, entry: Entry, contest: Contest, session: Session, two_hosts: Any
) -> None:
    judge = make.member(contest, Role.JUDGE, make.account("Emeka"))
    assignment: Assignment = make.assignment(entry, judge)
    make.open_round(contest)
    page = visitor.as_(judge).get(f"/judge/ferry/{assignment.code}/prototype/1")

    frame = re.search(r"<iframe[^>]*>", page.response.text)
    assert frame
    attributes = dict(re.findall(r'([a-z]+)="([^"]*)"', frame[0]))
    assert attributes["sandbox"] == "allow-scripts allow-forms"
    assert attributes["src"].startswith(HOST + "/")
    policy = page.response.headers["Content-Security-Policy"]
    assert policy.endswith(f"; frame-src {attributes['src']}")
    assert ask(two_hosts, urlsplit(attributes["src"]).path).data == DECENT["index.html"]
    # A judge learns nothing of the entrant from it.
    for word in (site.key, str(site.id), str(entry.id), "click.zip", "Chidi"):
        assert word not in page.response.text
    assert 'class="proto phone' in visitor.as_(judge).get(f"{page.url}?width=phone").response.text
    assert 'class="proto wide' in visitor.as_(judge).get(f"{page.url}?width=%22x").response.text


def test_pages_without_a_prototype_frame_nothing(visitor: Pages) -> None:
    assert "frame-src" not in visitor.get("/en/").response.headers["Content-Security-Policy"]


def test_without_a_second_host_there_are_no_prototypes(
    pages: Pages, site: Preview, entry: Entry, session: Session
) -> None:
    assert pages.as_(entry.account).open(f"/prototypes/{site.id}").status_code == 404


def test_a_winner_can_be_clicked_through_while_it_is_public(
    visitor: Pages, make: Make, storage: Storage, settings: Settings, session: Session
) -> None:
    from tests import world

    built = world.build(make, session, settings, storage)
    won = session.query(Entry).filter(Entry.contest_id == built.published.id).one()
    give(session, storage, won.files[0], DECENT)
    path = f"/prototypes/{built.published.slug}/1/1/1"
    [public] = session.query(Publication).filter(Publication.contest_id == built.published.id)
    # What nobody confirmed is not public.
    assert public.snapshot["awards"][0]["prototypes"] == 0
    assert visitor.open(path).status_code == 404
    [award] = public.snapshot["awards"]
    public.snapshot = public.snapshot | {"awards": [award | {"prototypes": 1}]}
    session.flush()

    assert "<iframe" in visitor.get(path).response.text
    assert visitor.open(f"/prototypes/{built.published.slug}/1/2/1").status_code == 404
    session.query(Publication).filter(Publication.contest_id == built.published.id).update({"state": "retracted"})
    assert visitor.open(path).status_code == 404


# Limits ------------------------------------------------------------------------------------------


def test_who_asks_for_too_much_is_told_to_wait(
    two_hosts: Any, site: Preview, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = settings.model_copy(update={"prototype_url": HOST, "rate_limits": True})
    host = Client(PrototypeHost(two_hosts.wsgi_app, limited, two_hosts.extensions["contest.packs"]))
    monkeypatch.setattr(prototype_host, "PER_WORD", parse("2 per hour"))
    monkeypatch.setattr(prototype_host, "PER_NETWORK", parse("4 per hour"))

    def answers(word: str, address: str, times: int) -> list[int]:
        asked = {"base_url": HOST, "headers": FRAME, "environ_base": {"REMOTE_ADDR": address}}
        return [host.get(word + "css/look.css", **asked).status_code for _ in range(times)]

    # One opened prototype, wherever it is asked for; a network, whatever it asks for; and nobody else.
    assert answers(sealed(site, settings), "192.0.2.1", 3) == [200, 200, 429]
    assert answers("/nothing/", "192.0.2.1", 2) == [404, 429]
    assert answers(sealed(site, settings), "2001:db8::1", 2) == [200, 200]
    assert answers("/nothing/", "2001:db8::2", 3) == [404, 404, 429]
    told = host.get("/nothing/", base_url=HOST, headers=FRAME, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert 0 < int(told.headers["Retry-After"]) <= 3600
    assert (told.headers["Cache-Control"], "sandbox" in told.headers["Content-Security-Policy"]) == ("no-store", True)
    assert "Wait a minute" in told.text
