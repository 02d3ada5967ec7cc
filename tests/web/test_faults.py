"""When a part is away, or the request is odd: a sentence, a status, no stack trace, nothing lost."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contest import create_app
from contest.settings import Settings
from tests.factories import Make
from tests.pages import Page, Pages, check_headers


@pytest.fixture
def lame(app: Any, settings: Settings) -> Iterator[Callable[..., Any]]:
    """An application of which one part is away: lame(redis_url=…)."""
    made: list[Any] = []

    def make_app(**away: Any) -> Any:
        made.append(create_app(settings.model_copy(update=away)))
        return made[-1]

    yield make_app
    for each in made:
        each.extensions["contest.db"].close()


def _nowhere() -> int:
    """A loopback port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "part, away",
    [
        ("database", {"database_url": "postgresql+psycopg://u:p@127.0.0.1:{port}/x"}),
        ("queue", {"redis_url": "redis://127.0.0.1:{port}/0"}),
        ("bucket", {"s3_endpoint": "http://127.0.0.1:{port}"}),
    ],
)
def test_readiness_names_what_is_away_and_the_process_still_lives(lame: Any, part: str, away: dict[str, str]) -> None:
    port = str(_nowhere())
    broken = lame(**{key: value.format(port=port) for key, value in away.items()})

    ready = broken.test_client().get("/readyz")

    assert (ready.status_code, ready.get_json()[part]) == (503, "away")
    assert broken.test_client().get("/healthz").status_code == 200


def test_ready_means_every_part_answers(app: Any, storage: Any) -> None:
    answer = app.test_client().get("/readyz")

    assert (answer.status_code, answer.get_json()) == (
        200,
        {"status": "ok", "database": "ok", "queue": "ok", "bucket": "ok"},
    )


@pytest.mark.parametrize("lang, said", [("en", "database does not answer"), ("ja", "データベース")])
def test_without_the_database_a_page_says_what_to_do(lame: Any, lang: str, said: str) -> None:
    broken = lame(database_url=f"postgresql+psycopg://u:p@127.0.0.1:{_nowhere()}/x")

    start = broken.test_client().get("/", headers={"Accept-Language": lang})

    assert start.status_code == 503
    assert said in Page(start, "/").text()


def test_without_the_queue_a_sign_in_code_is_still_owed(lame: Any, make: Make, pages: Pages) -> None:
    account = make.account()
    visitor = Pages(lame(redis_url=f"redis://127.0.0.1:{_nowhere()}/0", rate_limits=True), pages.session)

    page = visitor.submit(visitor.get("/sign-in"), "Send the code", {"email": account.email})

    assert page.h1 == "Enter the code"


@pytest.mark.parametrize(
    "method, path, options, status",
    [
        ("GET", "/nothing/here", {}, 404),
        ("GET", "/contests/%00", {}, 400),
        ("POST", "/healthz", {}, 405),
        ("GET", "/sign-out", {}, 405),
        ("POST", "/sign-in", {"data": {"email": "x" * 3_000_000}}, 413),
        ("POST", "/uploads", {"data": "[" * 50_000 + "]" * 50_000, "content_type": "application/json"}, 401),
        ("GET", "/?a=" + "x" * 3000, {}, 200),
    ],
)
def test_odd_requests_get_a_page_with_a_sentence(
    pages: Pages, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    if method == "POST" and status != 405:
        options = {**options, "headers": {"X-CSRFToken": pages.token()}}

    response = pages.open(path, method=method, **options)

    assert response.status_code == status
    check_headers(response, path)
    if response.mimetype == "text/html":
        assert len(Page(response, path).text()) > 40


def test_a_405_names_the_methods_that_work(pages: Pages) -> None:
    assert "POST" in pages.open("/sign-out").headers["Allow"]


def test_an_unexpected_failure_shows_a_number_and_no_trace(
    app: Any, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise RuntimeError("a secret detail")

    monkeypatch.setitem(app.view_functions, "auth.forgot", fail)

    page = pages.get("/password", status=500)

    assert "secret detail" not in page.html
    assert page.response.headers["X-Request-ID"] in page.text()


def test_an_api_error_is_json(pages: Pages) -> None:
    response = pages.open("/api/v1/publications/no-such-contest")

    assert (response.status_code, response.get_json()["error"]) == (404, "not_found")
