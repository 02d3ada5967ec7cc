"""A third language from right to left, the choice of a language, and a pseudo-language that finds texts
which no catalogue knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import polib
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from contest import create_app, i18n
from contest.models import Base
from contest.settings import Settings
from contest.storage import Storage
from tests import looks
from tests.catalogues import begin, place, pseudo_catalogue, template
from tests.factories import Make
from tests.pages import Page, Pages


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> polib.POFile:
    return template(tmp_path_factory.mktemp("texts"))


@pytest.fixture
def site_in(app: Any, settings: Settings, session: Session) -> Iterator[Callable[..., Pages]]:
    """A site that finds its languages in a folder: site_in(folder)."""
    made = []

    def start(folder: Path) -> Pages:
        app = create_app(settings.model_copy(update={"translations": str(folder)}))
        made.append(app)
        return Pages(app, session)

    yield start
    for app in made:
        app.extensions["contest.db"].close()
    i18n.use()


def _lang(page: Page) -> tuple[str | None, str | None]:
    return page.root.get("lang"), page.root.get("dir")


# A third language --------------------------------------------------------------------------------


def test_arabic_is_one_file_and_turns_every_page(
    site_in: Callable[..., Pages], texts: polib.POFile, tmp_path: Path, make: Make
) -> None:
    arabic = begin(texts, "ar", tmp_path)
    assert arabic.metadata["Plural-Forms"].startswith("nplurals=6;")
    said = {"Sign in": "تسجيل الدخول", "Contests": "المسابقات", "Skip to the content": "تخطَّ إلى المحتوى"}
    for entry in arabic:
        entry.msgstr = said.get(entry.msgid, "")
    arabic.save(str(place("ar", tmp_path)))
    contest = make.contest("open", slug="ferry")
    pages = site_in(tmp_path)

    start, page, sign_in = pages.get("/ar/"), pages.get("/ar/contests/ferry"), pages.get("/sign-in")

    assert (_lang(start), _lang(page), _lang(sign_in)) == (("ar", "rtl"), ("ar", "rtl"), ("en", "ltr"))
    assert "المسابقات" in page.text()
    alternates = {link.get("hreflang") for link in page.all("link") if link.get("rel") == "alternate"}
    assert alternates == {"en", "ja", "ar", "x-default"}
    # What the organisers wrote in English is English still, and runs from the left.
    title = next(element for element in page.all("h1")[0].iter() if element.get("lang"))
    assert (title.get("lang"), title.get("dir"), page.h1) == ("en", "ltr", contest.title["en"])
    # The switcher offers it by its own name; the account's language follows.
    assert {
        button.get("value"): pages_text(button) for button in start.all("button") if button.get("name") == "lang"
    } == {
        "en": "English",
        "ja": "日本語",
    }
    account = make.account()
    member = pages.as_(account)
    member.submit(member.get("/account"), "العربية")
    assert (account.locale, _lang(member.get("/account"))) == ("ar", ("ar", "rtl"))


def pages_text(element: Element) -> str:
    return "".join(element.itertext()).strip()


@pytest.mark.parametrize(("number", "form"), [(0, 0), (1, 1), (2, 2), (3, 3), (11, 5), (99, 5), (100, 4), (103, 3)])
def test_arabic_counts_in_six_ways(tmp_path: Path, texts: polib.POFile, number: int, form: int) -> None:
    arabic = begin(texts, "ar", tmp_path)
    entry = arabic.find("%(num)d picture")
    assert entry is not None and sorted(entry.msgstr_plural) == [0, 1, 2, 3, 4, 5]
    entry.msgstr_plural = {each: f"{each}: %(num)d" for each in range(6)}
    arabic.save(str(place("ar", tmp_path)))
    i18n.use(tmp_path)

    said = i18n.gettext("ar").ngettext("%(num)d picture", "%(num)d pictures", number)
    i18n.use()

    assert said == f"{form}: %(num)d"


def test_an_unknown_language_is_no_address(pages: Pages) -> None:
    assert pages.open("/ar/").status_code == 404
    assert pages.open("/EN/").status_code == 404


# Which language is spoken ------------------------------------------------------------------------


def test_each_wish_gives_way_to_the_one_before(pages: Pages, make: Make) -> None:
    """The address, the account, the cookie, the browser with its weights, the contest's own, English."""
    make.contest("open", slug="ferry", default_locale="ja")
    make.contest("draft", slug="hidden", default_locale="ja")
    member, visitor = pages.as_(make.account(locale="en"), "ja"), pages.as_(None, "ja")
    visitor.post("/language", {"lang": "en", "back": "/"})
    member.client.set_cookie("lang", "ja")

    found = {
        "address before account": member.get("/ja/contests/ferry"),
        "account before cookie": member.get("/account"),
        "cookie before browser": visitor.get("/sign-in"),
        "browser by weight": pages.as_(None, "en;q=0.3, de, ja;q=0.6").get("/sign-in"),
        "browser before contest": pages.as_(None, "de, en;q=0.1").get("/contests/ferry"),
        "contest where nobody wishes": pages.as_(None, "de").get("/contests/ferry"),
        "no contest": pages.as_(None, "de").get("/sign-in"),
        "a contest that is not announced": pages.as_(None, "de").get("/contests/hidden", status=404),
        "an address where nothing is": pages.as_(None, "en").get("/ja/nothing", status=404),
    }

    assert {name: page.root.get("lang") for name, page in found.items()} == {
        "address before account": "ja",
        "account before cookie": "en",
        "cookie before browser": "en",
        "browser by weight": "ja",
        "browser before contest": "en",
        "contest where nobody wishes": "ja",
        "no contest": "en",
        "a contest that is not announced": "en",
        "an address where nothing is": "ja",
    }


def test_an_account_in_a_language_that_is_gone_reads_the_next_best(pages: Pages, make: Make) -> None:
    assert pages.as_(make.account(locale="ar"), "ja").get("/account").root.get("lang") == "ja"


# The pseudo-language -----------------------------------------------------------------------------

#: Words that are no text of ours: names of units, formats, zones' abbreviations and what CLDR says.
_DATA = set(
    re.findall(
        r"\w+",
        """UTC kB MB GB PNG JPEG JPG WebP GIF SVG PDF ZIP PSD SHA Ed JSON XA English Contest px
    Mon Tue Wed Thu Fri Sat Sun Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec""",
    )
)
_WORD = re.compile(r"[A-Za-z]{2,}")
#: Addresses, and the groups of a failure's number.
_NO_WORDS = re.compile(r"https?://\S+|\b[0-9A-F]{4}\b")


def escaped(page: Page, known: set[str]) -> list[str]:
    """Visible words of a page that stand in no brackets and are nobody's data."""
    found = []
    # A certificate speaks the languages of its contest, whatever the page around it speaks.
    others = ("digest", "certificate")
    apart = {part for element in page.root.iter() if element.get("class") in others for part in element.iter()}
    for element in page.root.iter():
        if element in apart:
            continue
        if element.tag in ("script", "style", "option", "code", "pre", "textarea", "bdi") or not isinstance(
            element.tag, str
        ):
            continue
        said = [element.text or "", *(child.tail or "" for child in element)]
        said += [element.get(name) or "" for name in ("aria-label", "alt", "title", "placeholder")]
        found += [(element, words) for words in said]
    told = []
    for element, words in found:
        inside = words
        while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", inside)) != inside:
            inside = shorter
        left = [word for word in _WORD.findall(_NO_WORDS.sub(" ", inside)) if word not in _DATA and word not in known]
        # A text that an element divides keeps its brackets on either side of it.
        if left and not ("⟦" in inside or "⟧" in inside):
            told.append(f"{page.url} <{element.tag}>: {' '.join(words.split())[:90]}")
    return told


def _values(told: Any) -> Iterator[str]:
    """The texts in a row, without the names of its columns and the words of our vocabulary (states, roles)."""
    if isinstance(told, str):
        yield from () if re.fullmatch(r"[a-z_]+", told) else (told,)
    elif isinstance(told, dict | list):
        for each in told.values() if isinstance(told, dict) else told:
            yield from _values(each)


def _data(session: Session) -> set[str]:
    """Every word that stands in the database: what people wrote, names, keys, addresses; no text of ours."""
    words: set[str] = set()
    for table in Base.metadata.sorted_tables:
        if table.name in ("mail_message", "audit_event"):
            continue
        for (row,) in session.execute(text(f'SELECT row_to_json(t) FROM "{table.name}" t')):
            for value in _values(row):
                words.update(_WORD.findall(value))
    return words


def test_no_text_of_ours_escapes_translation(
    site_in: Callable[..., Pages],
    texts: polib.POFile,
    tmp_path: Path,
    make: Make,
    session: Session,
    settings: Settings,
    storage: Storage,
) -> None:
    pseudo_catalogue(texts, tmp_path)
    pages = site_in(tmp_path)
    world = looks.prepare(make, session, settings, storage)
    for account in filter(None, world.people.values()):
        account.locale = "en-XA"
    session.commit()
    visitors = {name: pages.as_(account, "en-XA") for name, account in world.people.items() if name != "suspended"}
    known = _data(session)
    told: list[str] = []

    for look in looks.looks(world, "en-XA"):
        # Forms are sent below. The kit holds samples, and letters stay in the language in which they went.
        if look.data is None and not look.address.startswith(("/kit", "/mail")):
            page = visitors[look.visitor].get(look.address, status=look.status)
            assert _lang(page) == ("en-XA", "ltr"), look
            told += escaped(page, known)

    assert told == []
    # A form sent empty speaks through the catalogue too, and so does a page about a problem.
    refused = visitors["anonymous"].post("/register", {}, status=422)
    nothing = visitors["anonymous"].get("/no-such-page", status=404)
    assert (escaped(refused, known), escaped(nothing, known)) == ([], [])


def test_the_search_for_escaped_texts_finds_one(pages: Pages) -> None:
    page = pages.get("/sign-in")

    assert any("Sign in" in told for told in escaped(page, set()))
