"""Certificates: who gets one, what it says on the page and as PDF, and what its number tells anyone who checks it."""

from __future__ import annotations

import sys
from dataclasses import replace

import pypdfium2
import pytest
from sqlalchemy.orm import Session

from contest.models import Account, Entry
from contest.services import certificates
from contest.settings import Settings
from tests.pages import Pages
from tests.web.results.steps import DECIDE, award

OWN = "/contests/ferry/certificate"
CHECK = "/en/certificates/C-ferry-1-1"
#: Read as markup, each of these would stop the typesetter or vanish.
ODD = '#panic("x") *Work* $5 `a` \\ <b> [c] @d'
#: A letter of nobody's alphabet, which no font has.
NO_LETTER = "\U00105678"


@pytest.fixture
def winner(pages: Pages, entries: list[Entry]) -> Account:
    account = entries[0].account
    account.name, account.latin_name = "大川 花", "Okawa Hana"
    return account


def _text(pdf: bytes) -> list[str]:
    """The words of each page, in one line."""
    opened = pypdfium2.PdfDocument(pdf)
    found = [" ".join(page.get_textpage().get_text_range().split()) for page in opened]
    opened.close()
    return found


def _publish_again(organiser: Pages, publisher: Pages) -> None:
    organiser.submit(organiser.get(DECIDE), "Propose publication")
    publisher.submit(publisher.get(DECIDE), "Approve")
    organiser.submit(organiser.get(DECIDE), "Publish")


def test_a_winner_prints_and_saves_what_was_published(
    published: Pages, pages: Pages, winner: Account, entries: list[Entry]
) -> None:
    visitor = pages.as_(winner)
    address = visitor.get("/contests/ferry/result").link("See your certificate")

    page = visitor.get(f"{address}?language=en&name=latin")

    sheet = page.text(next(part for part in page.all("section") if part.get("class") == "certificate"))
    for said in (
        "Certificate of award",
        "Maker 5",
        "Okawa Hana",
        "“Work 5”",
        "“Ferry app”",
        "/certificates/C-ferry-1-1",
    ):
        assert said in sheet
    assert "賞状" not in sheet
    saved = visitor.open(page.link("Save as PDF"))
    assert (saved.mimetype, saved.headers["Cache-Control"]) == ("application/pdf", "private, no-cache")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="C-ferry-1-1.pdf"'
    assert b"/StructTreeRoot" in saved.data and b"pdfuaid:part" in saved.data
    [words] = _text(saved.data)
    for said in ("Certificate of award", "Maker 5", "Okawa Hana", "“Work 5”", "certificates/C-ferry-1-1"):
        assert said in words
    assert visitor.open(page.link("Save as PDF")).data == saved.data
    assert "大川 花" in _text(visitor.open(f"{OWN}.pdf?language=ja&name=own").data)[0]
    # What is not offered counts as nothing chosen.
    assert visitor.open(f"{OWN}.pdf?language=xx&name=<b>").data == visitor.open(f"{OWN}.pdf").data
    pages.as_(entries[2].account).get(OWN, status=404)


def test_what_is_typed_is_text_and_never_markup(session: Session, settings: Settings, published: Pages) -> None:
    made = certificates.check(session, "C-ferry-1-1")
    sheet = certificates.sheet(settings, made, "en", ODD)
    words = [replace(each, sentence=ODD, jury=ODD) for each in sheet.words]

    [said] = _text(certificates.pdf(settings, [replace(sheet, credit=ODD, words=words)], at=made.found.published_at))

    assert said.count(ODD) == 4


def test_a_mark_that_nobody_sees_stops_no_certificate(session: Session, settings: Settings, published: Pages) -> None:
    made = certificates.check(session, "C-ferry-1-1")
    sheet = certificates.sheet(settings, made, "en", "\ufeffOkawa\ufeff Hana")

    assert "Okawa Hana" in _text(certificates.pdf(settings, [sheet], at=made.found.published_at))[0]


@pytest.mark.parametrize(("judges", "named"), [(1, True), (20, False)])
def test_a_sheet_never_runs_over_its_page(
    session: Session, settings: Settings, published: Pages, judges: int, named: bool
) -> None:
    made = certificates.check(session, "C-ferry-1-1")
    # As wide as one sheet has room for beside the longest words of an entrant.
    jury = {"en": "Aoki Haruka, " * 27 * judges, "ja": "青木 遥、" * 39 * judges}
    award = {**made.award, "title": "Long title " * 10, "credit": "A studio of many " * 7}
    crowded = replace(
        made, award=award, found=replace(made.found, snapshot={**made.found.snapshot, "jury": {"people": jury}})
    )

    pages = _text(
        certificates.pdf(settings, [certificates.sheet(settings, crowded, name="Hana")], at=made.found.published_at)
    )

    assert ["Aoki Haruka" in page for page in pages] == [named]


@pytest.mark.parametrize("packages", [True, False], ids=["no letter", "no packages"])
def test_without_a_pdf_the_page_says_so_and_can_be_printed(
    published: Pages, pages: Pages, winner: Account, packages: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    winner.latin_name = f"Hana {NO_LETTER}"
    if not packages:
        monkeypatch.setitem(sys.modules, "typst", None)

    page = pages.as_(winner).get(f"{OWN}.pdf?name=latin", status=501)

    assert ("letters that this site’s fonts do not have" in page.text()) is packages
    assert "Print the page instead." in page.text()
    assert winner.latin_name in page.text()


def test_the_app_team_prints_all(published: Pages, pages: Pages) -> None:
    page = published.get(published.get(DECIDE).link("Certificates to print"))

    labels = [part.get("aria-label") for part in page.all("section")]
    assert labels == ["Certificate C-ferry-1-1", "Certificate C-ferry-1-2"]
    first, second = _text(published.open(page.link("Save all as PDF")).data)
    assert ("Maker 5" in first, "Maker 4" in second) == (True, True)


def test_a_number_is_checked_by_anyone(published: Pages, pages: Pages, winner: Account) -> None:
    page = pages.get(CHECK)

    assert page.h1 == "This certificate is valid"
    assert "Maker 5" in page.text() and "Work 5" in page.text()
    assert winner.name not in page.text() and winner.latin_name not in page.text()
    assert pages.open("/certificates/C-ferry-1-1").headers["Location"] == CHECK
    for number in ("C-ferry-1-3", "C-ferry-2-1", "C-other-1-1", "C-ferry-1", "c-ferry-1-1", "C-ferry-99999999999-1"):
        pages.get(f"/en/certificates/{number}", status=404)


def test_a_certificate_outlives_a_publication_that_says_the_same(
    published: Pages, publisher: Pages, pages: Pages, winner: Account, entries: list[Entry]
) -> None:
    words = {"jury_statement_en": "We looked for kindness.", "jury_statement_ja": "やさしさを探しました。"}
    published.submit(published.get(DECIDE), "Save the jury’s words", words)
    _publish_again(published, publisher)

    page = pages.get(CHECK)

    assert page.h1 == "This certificate is valid"
    assert page.link("See certificate C-ferry-2-1") == "/en/certificates/C-ferry-2-1"
    assert "C-ferry-2-1" in pages.as_(winner).get(OWN).text()

    # The next publication gives the prizes the other way round.
    award(published, [entries[1], entries[0]])
    _publish_again(published, publisher)

    assert pages.get(CHECK, status=410).h1 == "This certificate is not valid"
    assert "C-ferry-3-2" in pages.as_(winner).get(OWN).text()


def test_a_retraction_ends_certificates_and_says_why(
    published: Pages, publisher: Pages, pages: Pages, winner: Account
) -> None:
    publisher.submit(publisher.get(DECIDE), "Retract", {"reason": "A <b>mistake</b>."})

    for page in (pages.get(CHECK, status=410), pages.as_(winner).get(OWN, status=410)):
        assert "This certificate is no longer valid." in page.text()
        assert "A <b>mistake</b>." in page.text()
    page = pages.as_(winner).get(f"{OWN}.pdf", status=410)
    assert "no longer valid" in page.text()
    assert "There is no publication in force." in published.get("/manage/ferry/results/certificates").text()
    published.get("/manage/ferry/results/certificates.pdf", status=404)
