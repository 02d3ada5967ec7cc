"""A receipt as PDF: what its page says, in a document to keep."""

from __future__ import annotations

import pypdfium2
from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.models import Receipt
from contest.services import entries
from contest.settings import Settings
from tests.factories import Make
from tests.pages import Pages


def test_an_entrant_saves_the_receipt_as_pdf(pages: Pages, make: Make, session: Session, settings: Settings) -> None:
    entry = make.entry(make.contest(slug="ferry"), state="draft", files=0, title="Tide *Line* #波")
    make.file(entry, name="画面-01.png", body=b"one")
    entries.submit(session, make.actor(entry.account), "ferry", settings=settings)
    receipt = session.scalars(select(Receipt)).one()
    visitor = pages.as_(entry.account)

    saved = visitor.open(visitor.get("/contests/ferry/receipts/1").link("Save as PDF"))

    assert saved.headers["Content-Disposition"] == f'attachment; filename="{receipt.number}.pdf"'
    assert b"pdfuaid:part" in saved.data
    opened = pypdfium2.PdfDocument(saved.data)
    # Between letters of two scripts a typesetter leaves a little space, which readers of PDF tell as a blank.
    words = "".join(opened[0].get_textpage().get_text_range().split())
    opened.close()
    for said in ("Receivedintime", "Tide*Line*#波", "画面-01.png", receipt.signature.hex()):
        assert said in words
    pages.as_(make.account()).get("/contests/ferry/receipts/1.pdf", status=404)
