"""A prototype from its upload to a click: checked, photographed, noted, and served from what the job stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import Client

from contest.models import EntryFile, Preview, PreviewPage
from contest.previews import tools
from contest.prototype_host import PrototypeHost
from contest.services import prototypes
from contest.services.packs import Packs
from contest.settings import Settings
from contest.storage import Storage
from tests.pictures import archive
from tests.prototypes import DECENT

pytestmark = pytest.mark.usefixtures("renderer")

FOUND = tools.find(["chromium"])


@pytest.mark.parametrize("found", [None] + ([FOUND] if FOUND else []), ids=lambda found: "browser" if found else "none")
def test_an_upload_becomes_pictures_and_a_prototype_to_click(
    found: tools.Tools | None,
    send: Callable[..., EntryFile],
    run_jobs: Callable[[], list[str]],
    session: Session,
    storage: Storage,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if found is not None:
        monkeypatch.setenv(tools.VARIABLE, found.encode())
    else:
        monkeypatch.delenv(tools.VARIABLE, raising=False)

    row = send(archive({f"site/{path}": body for path, body in DECENT.items()}), "click.zip", "source")
    run_jobs()

    session.refresh(row)
    made = {(each.page, each.preset): each for each in session.scalars(select(Preview))}
    pictures = {(1, "320"), (1, "1280"), (1, "2560")} if found else set()
    assert (row.kind, row.preview_state, row.preview_reason) == (
        ("prototype", "ready", None) if found else ("prototype", "icon", "no_tool")
    )
    assert made.keys() == pictures | {(1, "site")}
    assert [page.label for page in session.scalars(select(PreviewPage))] == (["screen"] if found else [])
    assert row.preview_tree is not None
    assert len(row.preview_tree) == len(DECENT)
    host = PrototypeHost(
        _nobody, settings.model_copy(update={"prototype_url": "http://prototypes.example"}), Packs(storage)
    )
    word = prototypes.seal(settings.secret_key, made[1, "site"].key, datetime.now(UTC).timestamp())
    for path, body in DECENT.items():
        answer = Client(host).get(
            f"/{word}/{path}", base_url="http://prototypes.example", headers={"Sec-Fetch-Dest": "iframe"}
        )
        assert (answer.status_code, answer.data) == (200, body)


def _nobody(*_: Any) -> list[bytes]:
    raise AssertionError("the site is not asked")
