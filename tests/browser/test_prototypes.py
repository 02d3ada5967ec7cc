"""A prototype in its frame: a decent one works, a hostile one reaches nothing. Two real hosts, a real browser."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect
from sqlalchemy.orm import Session

from contest.models import Account, Assignment
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import Role
from tests.browser.checks import in_every_theme_and_width, small_targets
from tests.factories import Make
from tests.prototypes import DECENT, give

Visit = Callable[..., Page]

#: Everything that a page can try; each line notes what came of it, so that the test sees it was tried.
HOSTILE = """<!doctype html><meta charset="utf-8"><title>Bad</title>
<link rel="preconnect" href="http://127.0.0.1:{port}"><link rel="dns-prefetch" href="http://127.0.0.1:{port}">
<link rel="prefetch" href="http://127.0.0.1:{port}/prefetch"><link rel="stylesheet" href="http://127.0.0.1:{port}/css">
<link rel="icon" href="http://127.0.0.1:{port}/icon"><link rel="manifest" href="http://127.0.0.1:{port}/manifest">
<style>@import "http://127.0.0.1:{port}/import"; body {{ background: url(http://127.0.0.1:{port}/bg) }}
@font-face {{ font-family: f; src: url(http://127.0.0.1:{port}/font) }} p {{ font-family: f }}</style>
<script type="speculationrules">{{"prerender": [{{"urls": ["http://127.0.0.1:{port}/rules"]}}]}}</script>
<p id="told"></p><img src="http://127.0.0.1:{port}/img"><video src="http://127.0.0.1:{port}/video" autoplay></video>
<iframe src="http://127.0.0.1:{port}/frame"></iframe><object data="http://127.0.0.1:{port}/object"></object>
<embed src="http://127.0.0.1:{port}/embed"><script src="http://127.0.0.1:{port}/script"></script>
<svg><image href="http://127.0.0.1:{port}/svg"/><use href="http://127.0.0.1:{port}/use#a"/></svg>
<a id="ping" href="#x" ping="http://127.0.0.1:{port}/ping">ping</a>
<script>
const told = [];
const note = (what, how) => told.push(what + "=" + how);
const attempt = (what, act) => {{ try {{ note(what, act()); }} catch (error) {{ note(what, error.name); }} }};
const later = (what, promise) => promise.then(() => note(what, "reached"), (error) => note(what, error.name));
attempt("cookie", () => document.cookie);
attempt("store", () => localStorage.length);
attempt("database", () => indexedDB.open("x") && "opened");
attempt("parent", () => parent.document.title);
attempt("top", () => {{ top.location = "http://127.0.0.1:{port}/top"; return "led away"; }});
attempt("popup", () => String(window.open("http://127.0.0.1:{port}/popup")));
attempt("beacon", () => navigator.sendBeacon("http://127.0.0.1:{port}/beacon", "x"));
attempt("socket", () => {{ new WebSocket("ws://127.0.0.1:{port}/socket"); return "made"; }});
attempt("events", () => {{ new EventSource("http://127.0.0.1:{port}/events"); return "made"; }});
attempt("ping", () => document.getElementById("ping").click());
const work = `fetch("http://127.0.0.1:{port}/worker").catch(() => 0)`;
attempt("worker", () => {{ new Worker(URL.createObjectURL(new Blob([work]))); return "made"; }});
attempt("calls", () => {{
  const line = new RTCPeerConnection({{ iceServers: [{{ urls: "stun:127.0.0.1:{datagrams}" }}] }});
  line.createDataChannel("x");
  line.createOffer().then((offer) => line.setLocalDescription(offer));
  return "made";
}});
Promise.all([
  later("fetch", fetch("http://127.0.0.1:{port}/fetch", {{ mode: "no-cors" }})),
  later("site", fetch("{site}/account", {{ credentials: "include", mode: "no-cors" }})),
  later("own", fetch("../other/index.html")),
  later("camera", navigator.mediaDevices ? navigator.mediaDevices.getUserMedia({{ video: true }}) : Promise.reject(new Error())),
  later("service", Promise.resolve().then(() => navigator.serviceWorker.register("worker.js"))),
]).then(() => {{ document.getElementById("told").textContent = told.join(" "); }});
</script>"""


#: Ways out of the frame, for a script of its own.
ESCAPES = {
    "location": 'location = "http://127.0.0.1:{port}/away"',
    "data": 'location = "data:text/html,<img src=http://127.0.0.1:{port}/data>"',
    "form": """document.body.innerHTML = '<form action="http://127.0.0.1:{port}/form"><input name="a"></form>';
        document.forms[0].submit()""",
    "meta": """document.body.innerHTML = '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:{port}/meta">'""",
    "link": """document.body.innerHTML = '<a target="_top" href="http://127.0.0.1:{port}/top">x</a>';
        document.links[0].click(); location = "http://127.0.0.1:{port}/after"; """,
    "site": 'location = "{site}/account"',
}


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    """A port of this host that must hear nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def show(
    make: Make, session: Session, store: Storage, site: Settings, visit: Visit
) -> Callable[..., tuple[Page, FrameLocator]]:
    """Open a prototype with these members as a judge: the page, and what is in its frame."""
    judge: Account = make.account("Aoki Haruka")

    def opened(members: dict[str, bytes], **options: Any) -> tuple[Page, FrameLocator]:
        contest = make.contest("judging")
        make.member(contest, Role.JUDGE, judge)
        assignment = _assigned(make, session, store, contest, judge, members)
        make.open_round(contest)
        session.commit()
        page = visit(judge, **options)
        page.goto(f"/judge/{contest.slug}/{assignment.code}/prototype/1")
        return page, page.frame_locator("iframe")

    return opened


def _assigned(
    make: Make, session: Session, store: Storage, contest: Any, judge: Account, members: dict[str, bytes]
) -> Assignment:
    entry = make.entry(contest, files=0, state="draft")
    file = make.file(entry, kind="prototype", name="click.zip", previews=False, preview_state="icon")
    give(session, store, file, members)
    entry.state, entry.submitted_at = "submitted", datetime.now(UTC)
    session.flush()
    make.revision(entry)
    return make.assignment(entry, judge)


def _silent(*ears: socket.socket, seconds: float = 0.5) -> bool:
    """Whether nobody knocks for a while."""
    return not select.select(ears, [], [], seconds)[0]


def test_a_decent_prototype_is_clicked_through_three_pages(show: Any) -> None:
    page, frame = show(dict(DECENT))

    expect(frame.get_by_text("boats: 7")).to_be_visible()
    assert frame.get_by_role("heading").evaluate("(h) => getComputedStyle(h).color") == "rgb(1, 2, 3)"
    frame.get_by_role("link", name="Go on").click()
    expect(frame.get_by_role("heading", name="Second")).to_be_visible()
    frame.get_by_role("button", name="Send").click()
    expect(frame.get_by_role("heading", name="Third")).to_be_visible()
    frame.get_by_role("link", name="Home").click()
    expect(frame.get_by_text("boats: 7")).to_be_visible()
    page.get_by_role("link", name="Phone").click()
    expect(page.locator("iframe.phone")).to_be_visible()


def test_the_page_around_it_is_for_everyone(show: Any) -> None:
    page, frame = show(dict(DECENT))
    expect(frame.get_by_text("boats: 7")).to_be_visible()

    assert [*in_every_theme_and_width(page), *small_targets(page)] == []


def test_a_hostile_prototype_reads_nothing_and_reaches_nothing(show: Any, ear: socket.socket, site: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        ports = {"port": ear.getsockname()[1], "datagrams": datagrams.getsockname()[1]}
        page, frame = show({"index.html": HOSTILE.format(site=site.base_url, **ports).encode()}, watched=False)

        expect(frame.locator("#told")).to_contain_text("service=")
        told = dict(pair.split("=", 1) for pair in frame.locator("#told").inner_text().split())
        refused = {
            **dict.fromkeys(("cookie", "store", "database", "parent", "top", "service"), "SecurityError"),
            **dict.fromkeys(("fetch", "site", "own"), "TypeError"),
            "popup": "null",
        }
        assert {name: told[name] for name in refused} == refused
        assert told["camera"] != "reached"
        assert _silent(ear, datagrams)
    assert "/judge/" in page.url
    assert len(page.context.pages) == 1


def test_a_prototype_cannot_lead_its_frame_away(show: Any, ear: socket.socket, site: Settings) -> None:
    page, frame = show({"index.html": b"<!doctype html><title>Bad</title><h1>Here</h1>"}, watched=False)
    address = page.url
    for name, script in ESCAPES.items():
        page.goto(address)
        expect(frame.get_by_role("heading", name="Here")).to_be_visible()
        inside = page.frames[1]
        with page.expect_event("framenavigated"):
            inside.evaluate(
                f"() => setTimeout(() => {{ {script.format(port=ear.getsockname()[1], site=site.base_url)} }})"
            )
        expect(frame.get_by_role("heading", name="Here")).to_have_count(0)
        assert page.url == address, name
        assert "account" not in page.frames[1].url, name
    assert _silent(ear)
