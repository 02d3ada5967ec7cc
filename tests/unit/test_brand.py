"""An operator's brand: contrasts by the standard's own examples, refusals, and the sheet that comes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from contest import brand
from contest.settings import Settings

SHEET = (Path(__file__).parent.parent.parent / "contest" / "static" / "contest.css").read_text("utf-8")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def _settings(**values: str) -> Settings:
    return Settings(contest_env="test", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "one, other, ratio",
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#0000ff", "#ffffff", 8.59),
        ("#abcdef", "#abcdef", 1),
    ],
)
def test_contrast_is_that_of_the_standard(one: str, other: str, ratio: float) -> None:
    assert round(brand.contrast(one, other), 2) == ratio
    assert brand.contrast(other, one) == brand.contrast(one, other)


def test_our_own_colours_are_those_of_the_style_sheet_and_pass() -> None:
    tokens = {
        name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\);", SHEET)
    }

    assert {name: tokens[name] for name in (*brand.GROUNDS, *brand.OWN)} == brand.GROUNDS | brand.OWN
    assert brand.problems(dict.fromkeys(brand.OWN, "")) == []


@pytest.mark.parametrize(
    "values, said",
    [
        ({"brand_link": "blue,white"}, "BRAND_LINK: two hexadecimal colours"),
        ({"brand_link": "#0017c1"}, "BRAND_LINK: two hexadecimal colours"),
        ({"brand_link": "#0017c1,#9db7f9,#000000"}, "BRAND_LINK: two hexadecimal colours"),
        ({"brand_on_warm": "#fff;}body{display:none,#000"}, "BRAND_ON_WARM: two hexadecimal colours"),
        ({"brand_link": "#9db7f9,#9db7f9"}, r"BRAND_LINK #9db7f9 against paper #fbfbf9 \(light\) has a contrast of"),
        ({"brand_warm": "#b5330b,#5a1a05"}, r"BRAND_WARM #5a1a05 against paper #131413 \(dark\)"),
        ({"brand_on_link": "#222222,#0b1020"}, r"BRAND_LINK #0017c1 against BRAND_ON_LINK #222222 \(light\)"),
    ],
)
def test_colours_that_could_not_be_read_are_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        _settings(**values)


def test_the_sheet_holds_only_what_is_set() -> None:
    chosen = _settings(brand_link="#063, #9FC", brand_on_link="#fff,#001a0d")

    assert brand.css(chosen.brand_colours) == (
        "@layer tokens { :root { --link: light-dark(#006633, #99ffcc); --on-link: light-dark(#ffffff, #001a0d); } }\n"
    )
    assert brand.css(_settings().brand_colours) == ""


@pytest.mark.parametrize(
    "name, data, said",
    [
        ("logo.gif", b"GIF89a", r"must be an \.svg, \.png or \.webp file"),
        ("logo.png", b"<svg/>", "does not hold what its name says"),
        ("logo.svg", PNG, "does not hold what its name says"),
        ("logo.png", PNG + b"\0" * 100_000, "at most 100,000"),
    ],
)
def test_a_logo_that_is_no_small_picture_is_refused(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(ValueError, match=said):
        brand.logo(str(tmp_path / name))


def test_a_logo_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="BRAND_LOGO cannot be read"):
        brand.logo(str(tmp_path / "none.svg"))


def test_the_name_of_a_logo_changes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "Logo.PNG"
    path.write_bytes(PNG)
    first = brand.logo(str(path))
    path.write_bytes(PNG + b"1")

    assert (first.kind, first.data) == ("image/png", PNG)
    assert re.fullmatch(r"[0-9a-f]{12}\.png", first.name)
    assert brand.logo(str(path)).name != first.name


@pytest.mark.parametrize(
    "values",
    [
        {"contact_url": "javascript:alert(1)"},
        {"contact_url": "no address"},
        {"privacy_url": "team@city.example"},
        {"source_url": "//evil.example"},
        {"operator": "{}"},
        {"operator": '{"en": ""}'},
        {"operator": '{"en": 1}'},
    ],
)
def test_links_and_texts_of_the_foot_are_checked(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        _settings(**values)


def test_the_contact_may_be_an_address_of_mail_or_of_a_page() -> None:
    assert _settings(contact_url="team@city.example").contact_link == "mailto:team@city.example"
    assert _settings(contact_url="https://social.example/@city").contact_link == "https://social.example/@city"
    assert _settings(contact_url="https://city.example/ask?x=1").contact_link == "https://city.example/ask?x=1"
    assert _settings().contact_link == ""


def test_who_runs_the_site_is_one_text_or_one_for_each_language() -> None:
    assert _settings(operator='{"en": "City of X", "ja": "X市"}').operator_texts == {"en": "City of X", "ja": "X市"}
    assert _settings(operator="City of X").operator_texts == {"": "City of X"}
    assert _settings(site_name="Wall").operator_texts == {"": "Wall"}
