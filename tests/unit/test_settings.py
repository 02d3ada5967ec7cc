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
    ],
)
def test_production_refuses_unsafe_values(name: str, value: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**{**SAFE, name: value})


def test_the_example_is_generated_and_documents_every_setting() -> None:
    assert (ROOT / ".env.example").read_text("utf-8") == example()
    assert all(field.description for field in Settings.model_fields.values())
