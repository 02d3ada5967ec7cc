"""Pages of PDF documents and of Illustrator files, through the real rendering process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contest.previews import documents
from contest.previews.canvas import Canvas, GiveUp
from contest.previews.client import PreviewServer
from contest.previews.kinds import HEAD_BYTES, Kind, sniff
from tests.rendering import has_colour, near, pixels, preview
from tests.samples.documents import illustrator, illustrator_without_pdf, pdf, stream

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture(scope="module")
def server() -> Iterator[PreviewServer]:
    with PreviewServer() as running:
        yield running


def test_each_page_is_drawn_in_order(server: PreviewServer) -> None:
    result = preview(server, pdf((1, 0, 0), (0, 0, 1), (1, 1, 1)), Kind.PDF)
    assert (result.verdict, result.pages, result.width, result.height) == ("ready", 3, 200, 100)
    assert [(o.page, o.preset) for o in result.outputs] == [
        (page, preset) for page in (1, 2, 3) for preset in ("320", "1280", "2560")
    ]
    assert [(o.width, o.height) for o in result.outputs[:3]] == [(320, 160), (1280, 640), (2560, 1280)]
    for output, colour in zip(result.outputs[2::3], (RED, BLUE, WHITE), strict=True):
        assert near(pixels(output), 1000, 500, colour)


def test_of_a_long_document_sixty_pages_are_drawn_and_twenty_large(server: PreviewServer) -> None:
    result = preview(server, pdf(*[(0.5, 0.5, 0.5)] * 63), Kind.PDF)
    assert (result.verdict, result.pages) == ("ready", 63)
    counts = {preset: [o.page for o in result.outputs if o.preset == preset] for preset in ("320", "1280", "2560")}
    assert counts == {"320": list(range(1, 61)), "1280": list(range(1, 61)), "2560": list(range(1, 21))}
    assert {(o.width, o.height) for o in result.outputs if o.preset == "1280"} == {(1280, 640)}


@pytest.mark.parametrize("box", ["0 0 0.01 0.02", "0 0 14400 10", "0 0 99999999 1", "0 0 1e9 1e9", "5 5 5 5"])
def test_pages_of_any_size_keep_to_ours(server: PreviewServer, box: str) -> None:
    result = preview(server, pdf((1, 0, 0), box=box), Kind.PDF)
    assert result.verdict in {"ready", "failed"}
    assert all(max(o.width, o.height) <= int(o.preset) for o in result.outputs)


def test_a_document_with_a_password_is_refused(server: PreviewServer) -> None:
    result = preview(server, pdf((1, 0, 0), encrypted=True), Kind.PDF)
    assert (result.verdict, result.reason, result.outputs) == ("refused", "encrypted", ())


def test_a_document_without_pages_fails(server: PreviewServer) -> None:
    result = preview(server, pdf(), Kind.PDF)
    assert (result.verdict, result.reason) == ("failed", "no_pages")


def test_a_document_with_a_lost_page_shows_the_others(server: PreviewServer) -> None:
    result = preview(server, pdf((1, 0, 0), (0, 0, 1), kids="3 0 R 800 0 R 5 0 R"), Kind.PDF)
    assert (result.verdict, result.reason, result.pages) == ("damaged", "unreadable", 3)
    assert {output.page for output in result.outputs} == {1, 3}


def test_of_each_page_its_number_and_size_in_points_are_kept(server: PreviewServer) -> None:
    data = pdf((1, 0, 0), (0, 0, 1), box="0 0 200.4 100", kids="3 0 R 5 0 R 800 0 R")
    result = preview(server, data, Kind.PDF)
    assert [(p.page, p.label, p.number, p.width, p.height) for p in result.page_list] == [
        (1, "page", 1, 201, 100),
        (2, "page", 2, 201, 100),
    ]
    assert all(page.placeholder for page in result.page_list)


def test_for_a_first_picture_only_the_first_page_is_drawn(server: PreviewServer) -> None:
    result = preview(server, pdf((1, 0, 0), (0, 0, 1)), Kind.PDF, presets=("320",), quick=True)
    assert (result.verdict, result.pages) == ("ready", 2)
    assert [(output.page, output.preset) for output in result.outputs] == [(1, "320")]


def test_a_turned_page_is_shown_upright(server: PreviewServer) -> None:
    result = preview(server, pdf((1, 1, 1), content="1 0 0 rg 0 0 100 100 re f", page="/Rotate 90"), Kind.PDF)
    assert (result.width, result.height) == (100, 200)
    shown = pixels(result.outputs[1])
    assert (shown.width, shown.height) == (640, 1280)
    # The left half of the page, a quarter of a turn to the right.
    assert near(shown, 320, 200, RED)
    assert near(shown, 320, 1000, WHITE)


def test_what_lies_outside_of_the_crop_is_not_shown(server: PreviewServer) -> None:
    result = preview(
        server, pdf((1, 1, 1), content="1 0 0 rg 0 0 90 100 re f", page="/CropBox [100 0 200 100]"), Kind.PDF
    )
    assert (result.width, result.height) == (100, 100)
    assert not has_colour(pixels(result.outputs[1]), RED)


def test_notes_and_filled_fields_are_drawn(server: PreviewServer) -> None:
    mark = stream("0 0 1 rg 0 0 20 20 re f", "/Type /XObject /Subtype /Form /BBox [0 0 20 20]")
    value = stream("0 1 0 rg 0 0 20 20 re f", "/Type /XObject /Subtype /Form /BBox [0 0 20 20]")
    objects = {
        500: "<< /Type /Annot /Subtype /Stamp /F 4 /Rect [10 10 30 30] /AP << /N 501 0 R >> >>",
        501: mark,
        502: "<< /Type /Annot /Subtype /Widget /F 4 /FT /Tx /T (a) /V (b) /Rect [60 10 80 30] /AP << /N 503 0 R >> >>",
        503: value,
    }
    data = pdf(
        (1, 1, 1), page="/Annots [500 0 R 502 0 R]", objects=objects, catalog="/AcroForm << /Fields [502 0 R] >>"
    )
    shown = pixels(preview(server, data, Kind.PDF).outputs[1])
    assert near(shown, 128, 512, BLUE)
    assert near(shown, 448, 512, GREEN)


def test_a_script_changes_nothing(server: PreviewServer) -> None:
    script = "var f = this.getField('a'); this.resetForm(); app.alert('x'); this.submitForm('http://127.0.0.1:9/');"
    catalog = f"/OpenAction << /S /JavaScript /JS ({script.replace('(', chr(92) + '(').replace(')', chr(92) + ')')}) >>"
    still, with_script = pdf((1, 0, 0)), pdf((1, 0, 0), catalog=catalog, page=f"/AA << /O {catalog[12:]} >>")
    first, second = (preview(server, data, Kind.PDF) for data in (still, with_script))
    assert (second.verdict, [o.data for o in second.outputs]) == ("ready", [o.data for o in first.outputs])


@pytest.mark.parametrize("kids", ["2 0 R", "3 0 R 2 0 R", "3 0 R 3 0 R"])
def test_pages_that_lead_to_themselves_come_to_an_end(server: PreviewServer, kids: str) -> None:
    result = preview(server, pdf((1, 0, 0), kids=kids), Kind.PDF)
    assert result.verdict in {"ready", "damaged", "failed"}
    assert result.reason in {None, "unreadable", "no_pages"}


def test_a_document_that_takes_long_keeps_the_pages_that_it_has_got(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_BUDGET_CPU_S", -1.0)
    events: list[dict[str, Any]] = []
    canvas = Canvas(tmp_path, ["320"], events.append)
    with pytest.raises(GiveUp) as end:
        documents.draw_pdf(pdf((1, 0, 0), (0, 0, 1)), canvas)
    assert (end.value.verdict, end.value.reason) == ("damaged", "timeout")
    assert [(output["page"], output["preset"]) for output in canvas.outputs] == [(1, "320")]
    assert canvas.pages == 2


def test_a_document_that_takes_rather_long_goes_on_without_the_largest_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_HURRY_CPU_S", -1.0)
    canvas = Canvas(tmp_path, ["320", "2560"], lambda _event: None)
    documents.draw_pdf(pdf((1, 0, 0), (0, 0, 1)), canvas)
    assert [(output["page"], output["preset"]) for output in canvas.outputs] == [(1, "320"), (2, "320")]


# Illustrator.


def test_the_pdf_inside_an_illustrator_file_is_shown(server: PreviewServer) -> None:
    data = illustrator()
    assert sniff(data[:HEAD_BYTES], size=len(data)) is Kind.AI
    result = preview(server, data, Kind.AI)
    assert (result.verdict, result.width, result.height) == ("ready", 200, 100)
    assert near(pixels(result.outputs[1]), 320, 300, BLUE)


def test_what_illustrator_exported_is_a_pdf_like_any_other() -> None:
    for data in (pdf((1, 0, 0), trailer="/Info << /Creator (Adobe Illustrator 24.0) >>"), pdf((1, 0, 0))):
        assert sniff(data[:HEAD_BYTES], size=len(data)) is Kind.PDF


def test_an_illustrator_file_is_known_by_what_it_calls_itself() -> None:
    xmp = "<x:xmpmeta><dc:format>application/vnd.adobe.illustrator</dc:format></x:xmpmeta>"
    data = pdf((1, 0, 0), objects={500: stream(xmp, "/Type /Metadata /Subtype /XML")}, catalog="/Metadata 500 0 R")
    assert sniff(data[:HEAD_BYTES], size=len(data)) is Kind.AI


def test_an_illustrator_file_without_pdf_shows_no_notice(server: PreviewServer) -> None:
    data = illustrator_without_pdf()
    assert sniff(data[:HEAD_BYTES], size=len(data)) is Kind.AI
    result = preview(server, data, Kind.AI)
    assert (result.verdict, result.reason, result.outputs) == ("icon", "nothing_inside", ())
    # The same words on a page of a document are somebody's own.
    assert preview(server, data, Kind.PDF).verdict == "ready"


def test_an_illustrator_file_with_other_words_is_shown(server: PreviewServer) -> None:
    data = illustrator("0 g BT /F 8 Tf 10 80 Td (Adobe Illustrator, a poster) Tj ET")
    result = preview(server, data, Kind.AI)
    assert result.verdict == "ready"
    assert has_colour(pixels(result.outputs[2]), (0, 0, 0))
