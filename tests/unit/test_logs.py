"""Logs: what an address lets in is not in them."""

from __future__ import annotations

import pytest

from contest.logs import without_secrets
from contest.services import prototypes

WORD = prototypes.seal("k" * 40, "previews/0d716120-86f3-4be7-a4ff-0123456789ab", 1_700_000_000)
ID = "0d716120-86f3-4be7-a4ff-0123456789ab"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("/invitations/abc-DEF_1", "/invitations/…"),
        ("GET /invitations/abc?x=1 HTTP/1.1", "GET /invitations/…?x=1 HTTP/1.1"),
        (f"/{WORD}/a/b.js", "/…/a/b.js"),
        (f"GET /{WORD} HTTP/1.1", "GET /… HTTP/1.1"),
        (f"/uploads/{ID}/complete", f"/uploads/{ID}/complete"),
        ("/judge/safe-place/D-1535", "/judge/safe-place/D-1535"),
    ],
)
def test_an_address_in_the_log_lets_nobody_in(said: str, kept: str) -> None:
    assert without_secrets(said) == kept
