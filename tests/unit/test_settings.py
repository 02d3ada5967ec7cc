"""Settings: production refuses what is unsafe, and .env.example is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from contest.settings import Settings, example

ROOT = Path(__file__).parent.parent.parent
SAFE = {
    "contest_env": "production",
    "secret_key": "k" * 40,
    "base_url": "https://contest.example",
    "mail_url": "smtp://mail.example",
    "receipt_key": "ab" * 32,
    "proxy_hops": 1,
    "s3_access_key": "a",
    "s3_secret_key": "b",
}


def test_production_starts_with_safe_values() -> None:
    assert Settings(**SAFE).hosts == ["contest.example"]


@pytest.mark.parametrize(
    "name, value, said",
    [
        ("secret_key", "short", "SECRET_KEY"),
        ("secret_key", "development-only-key-that-production-refuses", "SECRET_KEY"),
        ("base_url", "http://contest.example", "BASE_URL"),
        ("mail_url", "", "MAIL_URL"),
        ("receipt_key", "ab", "RECEIPT_KEY"),
        ("s3_secret_key", "", "S3_ACCESS_KEY"),
        ("rate_limits", False, "RATE_LIMITS"),
        ("proxy_hops", 0, "PROXY_HOPS"),
        ("prototype_url", "http://prototypes.example", "PROTOTYPE_URL"),
    ],
)
def test_production_refuses_unsafe_values(name: str, value: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**{**SAFE, name: value})


@pytest.mark.parametrize(
    "value, said",
    [
        ("https://contest.example", "another host name"),
        ("https://CONTEST.example:8443", "another host name"),
        ("https://store.example", "S3 store"),
        ("https://prototypes.example/", "without a path"),
        ("https://prototypes.example/x", "without a path"),
        ("https://user@prototypes.example", "host name"),
        ("prototypes.example", "host name"),
    ],
)
def test_prototypes_need_a_host_of_their_own(value: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**{**SAFE, "s3_public_endpoint": "https://store.example", "prototype_url": value})
    assert Settings(**{**SAFE, "prototype_url": "https://prototypes.example"})


def test_programs_that_nobody_knows_are_refused() -> None:
    assert Settings(**{**SAFE, "preview_tools": "chromium, ghostscript"}).tools == ("chromium", "ghostscript")
    with pytest.raises(ValidationError, match="no such program: bash"):
        Settings(**{**SAFE, "preview_tools": "chromium,bash"})


def test_the_example_is_generated_and_documents_every_setting() -> None:
    assert (ROOT / ".env.example").read_text("utf-8") == example()
    assert all(field.description for field in Settings.model_fields.values())


def test_a_refusal_does_not_tell_the_keys_that_were_given() -> None:
    with pytest.raises(ValidationError, match="BASE_URL") as refused:
        Settings(**{**SAFE, "base_url": "http://contest.example"})

    assert "kkkk" not in str(refused.value) and "abab" not in str(refused.value)
