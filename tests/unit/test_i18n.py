"""Languages without a page: which there are, which is chosen, names, plurals, moments."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polib
import pytest

from contest import clock, i18n, received
from contest.services import filenames
from tests.catalogues import begin, place, plurals

CLOSE = datetime(2026, 11, 30, 14, 59, 59, tzinfo=UTC)
OFFERED = ("en", "ja", "zh-Hans", "zh-Hant", "pt-BR")


@pytest.mark.parametrize("marks", ["\u0301\u0323", "\u0f73", "\u0323\uff9e"])
def test_no_letter_has_more_marks_than_can_be_put_into_order(marks: str) -> None:
    """A form holds enough of them to stop a process for minutes."""
    own = "Ấ thần パﾟ नि กำ"
    assert i18n.few_marks(own) == own

    left = i18n.few_marks(f"a{marks * 1000}b{marks * 10}")

    assert left == f"a{(marks * 30)[:30]}b{(marks * 10)[:30]}"
    assert received.clean(f"a{marks * 1000}") == unicodedata.normalize("NFC", f"a{(marks * 30)[:30]}")
    assert filenames.clean_name(f"a{marks * 1000}") == unicodedata.normalize("NFC", f"a{(marks * 30)[:30]}")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of further languages, used by this process until the test ends."""
    yield tmp_path
    i18n.use()


def _catalogue(folder: Path, language: str, **said: str) -> None:
    texts = polib.POFile()
    texts.extend(polib.POEntry(msgid=msgid) for msgid in said)
    made = begin(texts, language, folder)
    for entry in made:
        entry.msgstr = said[entry.msgid]
    made.save(str(place(language, folder)))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ja", "ja"),
        ("JA", "ja"),
        ("ja-JP", "ja"),
        ("en-GB,en;q=0.9,ja;q=0.8", "en"),
        ("en;q=0.2, ja", "ja"),
        ("en;q=0.2,ja;q=0.3", "ja"),
        ("fr, ja;q=0.8", "ja"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK;q=.9", "zh-Hant"),
        ("zh-CN", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-Hant-HK", "zh-Hant"),
        ("pt", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("*", "en"),
        ("en;q=0, *", "ja"),
        ("ja;q=0", None),
        ("fr", None),
        ("", None),
        (None, None),
        ("ja;q=nan", None),
        (";;,,q=1", None),
        ("ja;q=0.5;x=1, en;q=0.4", "ja"),
    ],
)
def test_the_browsers_wish_is_weighed(header: str | None, language: str | None) -> None:
    assert i18n.accepted(header, OFFERED) == language


@pytest.mark.parametrize(
    ("header", "wishes", "language"),
    [("ja", ("en",), "en"), ("ja", (None, "xx"), "ja"), ("fr", (None, "ja"), "ja"), ("fr", (None, "xx"), None)],
)
def test_a_wish_of_the_reader_comes_before_the_browsers(
    header: str, wishes: tuple[str | None, ...], language: str | None
) -> None:
    assert i18n.pick(header, *wishes) == language


def test_a_language_is_one_file(folder: Path) -> None:
    assert i18n.languages() == ("en", "ja")

    _catalogue(folder, "pt-BR", **{"Sign in": "Entrar"})
    i18n.use(folder)

    assert place("pt-BR", folder).parent.parent.name == "pt_BR"
    assert i18n.languages() == ("en", "ja", "pt-BR")
    assert i18n.gettext("pt-BR").gettext("Sign in") == "Entrar"
    assert i18n.gettext("pt-BR").gettext("Register") == "Register"
    i18n.use()
    assert i18n.languages() == ("en", "ja")


def test_a_house_words_its_own_texts_and_keeps_the_rest(folder: Path) -> None:
    _catalogue(folder, "ja", **{"Sign in": "ログイン"})
    i18n.use(folder)

    said = i18n.gettext("ja").gettext

    assert (said("Sign in"), said("Register") != "Register") == ("ログイン", True)


def test_the_order_of_languages_does_not_depend_on_the_disk(folder: Path) -> None:
    for language in ("vi", "ar", "ko", "zh-Hant"):
        _catalogue(folder, language, **{"Sign in": language})
    i18n.use(folder)

    assert i18n.languages() == ("en", "ja", "ar", "ko", "vi", "zh-Hant")


@pytest.mark.parametrize(
    ("language", "own", "in_english", "direction"),
    [
        ("en", "English", "English", "ltr"),
        ("ja", "日本語", "Japanese", "ltr"),
        ("ar", "العربية", "Arabic", "rtl"),
        ("he", "עברית", "Hebrew", "rtl"),
        ("zh-Hant", "中文 (繁體)", "Chinese (Traditional)", "ltr"),
        ("pt-BR", "Português (Brasil)", "Portuguese (Brazil)", "ltr"),
        ("en-XA", "English (XA)", "English (XA)", "ltr"),
    ],
)
def test_languages_are_named_as_they_name_themselves(language: str, own: str, in_english: str, direction: str) -> None:
    assert (i18n.endonym(language), i18n.name(language, "en"), i18n.direction(language)) == (
        own,
        in_english,
        direction,
    )


@pytest.mark.parametrize(("language", "forms"), [("ja", 1), ("en", 2), ("pl", 3), ("ar", 6), ("zh-Hant", 1)])
def test_counted_texts_take_the_forms_that_cldr_names(language: str, forms: int) -> None:
    count, rule = plurals(language)

    assert (count, rule.startswith(f"nplurals={forms}; plural=")) == (forms, True)


@pytest.mark.parametrize(
    ("local", "zone", "kind"),
    [
        (datetime(2026, 3, 29, 2, 30), "Europe/Vienna", "skipped"),
        (datetime(2026, 10, 25, 2, 30), "Europe/Vienna", "repeated"),
        (datetime(2026, 10, 25, 3, 0), "Europe/Vienna", "plain"),
        (datetime(2026, 3, 29, 3, 0), "Europe/Vienna", "plain"),
        (datetime(2026, 4, 5, 1, 45), "Australia/Lord_Howe", "repeated"),
        (datetime(2011, 12, 30, 12, 0), "Pacific/Apia", "skipped"),
        (datetime(2026, 3, 29, 2, 30), "Asia/Tokyo", "plain"),
    ],
)
def test_wall_times_that_a_zone_skips_or_repeats_are_known(local: datetime, zone: str, kind: str) -> None:
    assert clock.wall_time(local, zone) == kind
