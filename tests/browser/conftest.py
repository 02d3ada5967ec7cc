"""A whole site for the browser: gunicorn, the worker with every queue, and a real Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from contest.db import Database
from contest.models import Account, OutboxItem
from contest.services import accounts
from contest.settings import Settings
from contest.storage import Storage
from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from chromium import find  # noqa: E402


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker("browser")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _store_of(settings: Settings) -> Storage:
    return Storage.from_settings(settings)


@pytest.fixture
def store(site: Settings) -> Storage:
    """The site's own bucket, for arranging files that its pages show."""
    return _store_of(site)


@pytest.fixture(scope="module")
def translations() -> str:
    """The site's folder of further languages; a file that wants some gives its own."""
    return ""


@pytest.fixture(scope="module")
def site(settings: Settings, worker_id: str, translations: str) -> Iterator[Settings]:
    """The settings of a running site over this worker's database, with a bucket of its own.

    It ends with its file: its workers would do the jobs that other tests owe on the same database.
    """
    port = _free_port()
    own = settings.model_copy(
        update={
            "base_url": f"http://localhost:{port}",
            "trusted_hosts": "localhost,127.0.0.1",
            "prototype_url": f"http://127.0.0.1:{port}",
            "s3_bucket": f"site-{worker_id}",
            "translations": translations,
        }
    )
    _store_of(own).prepare([own.base_url])
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environment = kept | {name.upper(): str(getattr(own, name)) for name in Settings.model_fields}
    python = [sys.executable, "-m", "contest.cli"]
    processes = [
        subprocess.Popen(
            [*python, "web", "--bind", f"127.0.0.1:{port}"], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
        ),
        subprocess.Popen([*python, "worker"], env=environment, cwd=ROOT),
    ]
    try:
        _until_ready(own.base_url)
        yield own
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def _until_ready(base_url: str) -> None:
    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{base_url}/readyz", timeout=5):
                return True
        except (OSError, urllib.error.HTTPError):
            return False

    until(answers, 60)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=find(),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield launched
        launched.close()


@pytest.fixture
def visit(
    site: Settings, browser: Browser, database: Database, session: Session, app: Any
) -> Iterator[Callable[..., Page]]:
    """Open a browser of one's own: visit(account, lang="ja", javascript=False, width=820).

    Any error of a script or on the console fails; with `expect_errors` the server may refuse requests, and
    with `watched=False` anything may go wrong: for pages that try what they must not.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def note(message: ConsoleMessage, *, refusals: bool) -> None:
        # Chromium logs each answer of 400 and above; a test that provokes a refusal says so.
        if message.type == "error" and not (refusals and message.text.startswith("Failed to load resource")):
            wrong.append(f"{message.location.get('url', '')}: {message.text}")

    def open_browser(
        account: Account | None = None,
        *,
        lang: str = "en",
        javascript: bool = True,
        width: int = 1280,
        expect_errors: bool = False,
        watched: bool = True,
        **options: Any,
    ) -> Page:
        context = browser.new_context(
            base_url=site.base_url,
            locale=lang,
            java_script_enabled=javascript,
            viewport={"width": width, "height": 900},
            **options,
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        if account is not None:
            token = accounts.start_session(session, account, address="127.0.0.1", agent="browser")
            session.commit()
            serializer = SecureCookieSessionInterface().get_signing_serializer(app)
            assert serializer is not None
            value = serializer.dumps({"_user_id": token, "_fresh": True, "_permanent": True})
            context.add_cookies([{"name": "session", "value": str(value), "url": site.base_url}])
        # Listened to on the context, so that a second tab is watched too.
        if watched:
            context.on("weberror", lambda error: wrong.append(f"{error.page and error.page.url}: {error.error}"))
            context.on("console", partial(note, refusals=expect_errors))
        return context.new_page()

    yield open_browser
    for context in contexts:
        context.close()
    failed = _finish_owed(database)
    assert (wrong, failed) == ([], [])


def _finish_owed(database: Database) -> list[str]:
    """Wait until the worker owes nothing, so that it writes no row while rows are removed; names what failed."""

    def found(*conditions: ColumnElement[bool]) -> list[str]:
        with database.reading() as session:
            return list(session.scalars(select(OutboxItem.job).where(*conditions)))

    waiting = (OutboxItem.done_at.is_(None), OutboxItem.failed_at.is_(None))
    until(lambda: not found(*waiting), 60, lambda: found(*waiting))
    return found(OutboxItem.failed_at.is_not(None))
