"""The demo's content and drawings: complete in both languages, the same on every run, and fit to look at."""

from __future__ import annotations

import io
import json
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from zoneinfo import available_timezones

import av
import pypdfium2
import pytest
import pyvips

from contest.demo import art, art_canvas, art_film, art_icons, art_pdf, art_wall, content, content_wall, prototype
from contest.demo.art_canvas import Canvas, Shape, Text, flatten
from contest.demo.art_themes import THEMES, contrast
from contest.previews.outcome import TILES_ABOVE
from contest.scoring import methods
from contest.scoring.cards import cards
from contest.vocabulary import FlagKind, RecusalKind

ENTRIES = [pytest.param(entry, id=entry.key) for entry in content.ENTRIES]
CONTESTS = [pytest.param(contest, id=contest.slug) for contest in content.CONTESTS]
SVG = "{http://www.w3.org/2000/svg}"


def texts(value: object) -> Iterator[Mapping[str, str]]:
    """Every bilingual text inside a value."""
    if isinstance(value, Mapping) and set(value) <= {"en", "ja"}:
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from texts(part)
    elif is_dataclass(value):
        for each in fields(value):
            yield from texts(getattr(value, each.name))


# Content


def test_the_three_contests_are_open_in_judging_and_published() -> None:
    assert [contest.state for contest in content.CONTESTS] == ["open", "judging", "published"]
    assert [contest.scale_points for contest in content.CONTESTS] == [5, 4, 7]
    assert [len(content.entries_of(contest.slug)) for contest in content.CONTESTS] == [4, 12, 8]


@pytest.mark.parametrize("contest", CONTESTS)
def test_a_contest_is_complete_in_both_languages(contest: content.Contest) -> None:
    found = list(texts(contest))
    assert len(found) > 40
    for text in found:
        assert set(text) == {"en", "ja"}
        assert all(value.strip() == value and value for value in text.values())
        assert any(art_canvas.is_cjk(char) for char in text["ja"]) or text["ja"].isascii()
        assert not art_canvas.is_cjk(text["en"])
    for lang in ("en", "ja"):
        assert 3 <= len(contest.brief[lang].split("\n\n")) <= 5
        assert 8 <= len(contest.terms[lang].split("\n\n")) <= 12


@pytest.mark.parametrize("contest", CONTESTS)
def test_a_rubric_has_a_sentence_for_each_level_and_weights_that_make_a_whole(contest: content.Contest) -> None:
    assert len(contest.rubric) == 4
    assert sum(criterion.weight for criterion in contest.rubric) == 1000
    for criterion in contest.rubric:
        assert len(criterion.levels) == contest.scale_points
        for lang in ("en", "ja"):
            assert len({level[lang] for level in criterion.levels}) == contest.scale_points


@pytest.mark.parametrize("contest", CONTESTS)
def test_a_contests_dates_run_forward_and_match_its_state(contest: content.Contest) -> None:
    plan = contest.schedule
    days = [plan.announced, plan.opens, plan.closes, plan.judging_opens, plan.judging_closes, plan.winners]
    assert [moment.days for moment in days] == sorted(moment.days for moment in days)
    opens, closes, begins, ends, winners = (moment.days for moment in days[1:])
    assert {"open": opens < 0 < closes, "judging": closes < begins < 0 < ends, "published": winners < 0}[contest.state]


@pytest.mark.parametrize("contest", CONTESTS)
def test_keys_are_unique_and_lead_to_people(contest: content.Contest) -> None:
    for part in (contest.categories, contest.deliverables, contest.rubric, contest.prizes):
        assert max(Counter(each.key for each in part).values()) == 1
    assert [prize.rank for prize in contest.prizes] == sorted(prize.rank for prize in contest.prizes)
    for key in (*contest.judges, contest.chair, *contest.organisers, *contest.publishers):
        assert key in content.PEOPLE
    assert not set(contest.organisers) & set(contest.publishers)


def test_slugs_addresses_and_people_are_unique() -> None:
    people = (*content.STAFF, *content.JUDGES, *content.ENTRANTS)
    for values in (
        [contest.slug for contest in content.CONTESTS],
        [person.email for person in people],
        [person.key for person in people],
        [person.name for person in people],
        [entry.key for entry in content.ENTRIES],
        [entry.person for entry in content.ENTRIES],
    ):
        assert max(Counter(values).values()) == 1
    assert {entry.person for entry in content.ENTRIES} == {person.key for person in content.ENTRANTS}


def test_people_have_addresses_that_reach_nobody_and_zones_that_exist() -> None:
    for person in content.PEOPLE.values():
        assert person.email.endswith(".example")
        assert person.email.isascii()
        assert person.zone in available_timezones()
        assert person.locale in ("en", "ja")
        assert len(person.country) == 2
        assert person.latin.isascii() or person.latin == person.name
        assert person.name == unicodedata.normalize("NFC", person.name)


def test_entrants_come_from_many_countries_and_write_many_scripts() -> None:
    assert len({person.country for person in content.ENTRANTS}) >= 18
    scripts = {
        unicodedata.name(char).split()[0] for person in content.ENTRANTS for char in person.name if char.isalpha()
    }
    assert {"LATIN", "CJK", "HANGUL", "ARABIC", "THAI", "CYRILLIC", "DEVANAGARI", "TAMIL"} <= scripts
    assert [person.name for person in content.ENTRANTS if " " not in person.name and person.name.isascii()] == [
        "Suharti"
    ]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_says_enough_and_hides_who_made_it(entry: content.Entry) -> None:
    contest = content.CONTEST[entry.contest]
    size = len(entry.statement.split()) if entry.locale == "en" else len(entry.statement)
    low, high = (90, 160) if entry.locale == "en" else (200, 350)
    assert low <= size <= high
    assert entry.category in {category.key for category in contest.categories}
    assert all(entry.declaration.text.split("\n\n"))
    assert entry.title and entry.credit and all(entry.line.values())
    assert (entry.state == "draft") == (entry.sent_minutes is None)
    person = content.PEOPLE[entry.person]
    for name in (person.name, person.latin, *person.latin.split()):
        assert name not in entry.statement


def test_one_entry_of_the_open_contest_is_a_draft() -> None:
    assert [entry.key for entry in content.ENTRIES if entry.state == "draft"] == ["eyes-up"]


@pytest.mark.parametrize("contest", CONTESTS)
def test_scores_stand_on_the_scale_and_belong_to_the_jury(contest: content.Contest) -> None:
    entries = {entry.key for entry in content.entries_of(contest.slug)}
    scores = content.scores_of(contest.slug)
    assert max(Counter((score.judge, score.entry) for score in scores).values(), default=1) == 1
    keys = {criterion.key for criterion in contest.rubric}
    for score in scores:
        assert score.judge in contest.judges
        assert score.entry in entries
        assert set(score.levels) <= keys
        assert all(1 <= level <= contest.scale_points for level in score.levels.values())
        if score.state == "submitted":
            assert set(score.levels) == keys
            assert score.comment
            assert art_canvas.is_cjk(score.comment) == (content.PEOPLE[score.judge].locale == "ja")


def test_the_contest_in_judging_is_half_scored() -> None:
    contest = content.CONTEST["safe-place"]
    states = Counter(score.state for score in content.scores_of(contest.slug))
    assert states == {"submitted": 24, "draft": 3}
    assert len(contest.judges) * len(content.entries_of(contest.slug)) == 48
    scored = {(score.judge, score.entry) for score in content.scores_of(contest.slug)}
    for recusal in content.RECUSALS:
        assert (recusal.judge, recusal.entry) not in scored
        assert recusal.kind in set(RecusalKind)
    for flag in content.FLAGS:
        assert (flag.judge, flag.entry) in scored
        assert flag.kind in set(FlagKind)
        assert art_canvas.is_cjk(flag.words) == (content.PEOPLE[flag.judge].locale == "ja")


def test_in_the_published_contest_adjusting_for_a_strict_judge_changes_who_wins() -> None:
    contest = content.CONTEST["sorting-guide"]
    totals = {(one.entry, one.judge): content.total(contest, one) for one in content.scores_of(contest.slug)}
    entries = [entry.key for entry in content.entries_of(contest.slug)]
    assert Counter(entry for entry, _ in totals) == dict.fromkeys(entries, contest.judges_per_entry)
    given = cards(totals)

    raw, adjusted = (methods.method(name).run(given) for name in ("mean", contest.method))

    places = {row.entry: row.rank for row in adjusted.entries}
    tied = dict.fromkeys(content.TIED, 5)
    first = {"what-day": 1, "nine-bins": 2, "a-to-z": 3, "eight-oclock": 4}
    assert places == first | tied | {"yellow-tuesday": 7, "sort-swipe": 8}
    by_mean = {row.entry: row.rank for row in raw.entries}
    assert by_mean == first | tied | {"nine-bins": 1, "what-day": 2, "sort-swipe": 7, "yellow-tuesday": 8}
    strict = {row.judge: -row.severity / (7 * 1000) for row in adjusted.judges if row.severity is not None}
    assert strict.pop("judge-mori") > 0.15 > 0.02 > max(strict.values())
    # Each judge who saw both winners put the first one first, and those who tie are equal for each judge.
    for judge in contest.judges:
        seen = {entry: total for (entry, by), total in totals.items() if by == judge}
        assert seen.get("what-day", max(seen.values())) == max(seen.values())
        assert seen.get(content.TIED[0]) == seen.get(content.TIED[1])
    awards = content.awards_of(contest.slug)
    assert Counter(award.prize for award in awards) == {prize.key: prize.count for prize in contest.prizes}
    assert [award.entry for award in awards[:4]] == list(first)
    for award in awards:
        assert all(text.format(title="T", credit="C") for text in award.statement.values())


# Drawings


@pytest.mark.parametrize("name", THEMES)
def test_a_palette_reads(name: str) -> None:
    for text, ground in THEMES[name].text_pairs():
        assert contrast(text, ground) >= 4.5


def test_every_entry_has_a_theme_of_its_own_and_a_contest_shows_no_family_twice() -> None:
    assert set(THEMES) == {entry.key for entry in content.ENTRIES}
    assert len({theme.family for theme in THEMES.values()}) == 12
    for slug in content.CONTEST:
        families = Counter(THEMES[entry.key].family for entry in content.entries_of(slug))
        assert max(families.values()) == 1


@pytest.mark.parametrize("entry", ENTRIES)
def test_screens_parse_name_themselves_and_fit_the_deliverable(entry: content.Entry) -> None:
    screens = art.screens(entry)
    slot = next(each for each in content.CONTEST[entry.contest].deliverables if each.key == "screens")
    assert 3 <= len(screens) <= min(6, slot.max_files)
    assert len({screen.file_name for screen in screens}) == len(screens)
    assert screens[0].alt == art.cover_alt(entry)
    for screen in screens:
        assert screen.kind in slot.kinds
        assert screen.file_name.endswith("." + art.SUFFIX[screen.kind])
        assert all(screen.alt.values()) and set(screen.alt) == {"en", "ja"}
        root = ElementTree.fromstring(screen.svg)
        assert root.tag == f"{SVG}svg"
        assert root[0].text == screen.alt["en"]
        tags = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert tags <= {"svg", "title", "g", "rect", "circle", "path", "text", "clipPath"}
        for element in root.iter():
            assert not any("http" in value or "href" in key for key, value in element.attrib.items())
        ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("entry", ENTRIES)
def test_drawing_twice_gives_the_same_bytes(entry: content.Entry) -> None:
    assert art.screens(entry) == art.screens(entry)
    assert art.pdf(entry) == art.pdf(entry)
    assert art.source_zip(entry) == art.source_zip(entry)


def test_encoding_twice_gives_the_same_bytes() -> None:
    svg = art.screens(content.ENTRY["heron"])[1].svg
    for encode in (art.png, art.jpeg, art.webp):
        assert encode(svg, 390) == encode(svg, 390)


@pytest.mark.parametrize("entry", ENTRIES)
def test_pictures_decode_with_the_size_that_was_promised(entry: content.Entry) -> None:
    loaders = {"png": "png", "jpeg": "jpeg", "webp": "webp", "svg": "svg"}
    for screen in art.screens(entry)[:3]:
        image = pyvips.Image.new_from_buffer(art.encode(screen), "")
        assert loaders[screen.kind] in image.get("vips-loader")
        assert (image.width, image.height) == (screen.width, screen.height)
        grey = image[0]
        assert grey.max() - grey.min() > 60  # something was drawn


def test_judges_meet_a_board_to_look_at_from_near_a_film_and_prototypes() -> None:
    judged = content.entries_of("safe-place")
    [board] = [art.screens(entry)[-1] for entry in judged if entry.board]
    films = [entry for entry in judged if entry.film]

    assert max(board.width, board.height) > TILES_ABOVE
    assert {entry.key for entry in judged} & prototype.ENTRIES == {"higher-ground", "one-word"}
    assert [entry.key for entry in films] == ["one-word", "heron"]
    assert art.film(content.ENTRY["lantern"]) == b""
    slot = next(each for each in content.CONTEST["safe-place"].deliverables if each.key == "film")
    body = art.film(films[0])
    assert (slot.kinds[0], len(body) < slot.max_bytes) == ("mp4", True)
    with av.open(io.BytesIO(body)) as film:
        [track] = film.streams
        shown = [frame.to_ndarray(format="rgb24") for frame in film.decode(track)]
    assert (track.width, track.height) == (art_film.WIDTH, art_film.HEIGHT)
    assert len(shown) == 5 * art_film.STANDS + 4 * art_film.MOVES
    assert abs(shown[0].astype(int) - shown[-1]).mean() > 20  # the first screen is not the last


@pytest.mark.parametrize("width", [200, 390, 1000])
def test_a_png_is_as_wide_as_asked(width: int) -> None:
    canvas = Canvas(390, 844, ground="#ffffff")
    image = pyvips.Image.new_from_buffer(art.png(canvas.svg("empty"), width), "")
    assert (image.width, image.height) == (width, round(844 * width / 390))


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_presentation_opens_and_can_be_read(entry: content.Entry) -> None:
    data = art.pdf(entry)
    if not entry.pdf_pages:
        assert data == b""
        return
    document = pypdfium2.PdfDocument(data)
    assert 3 <= entry.pdf_pages <= 5
    assert len(document) == entry.pdf_pages
    assert document.get_page_size(0) == (842, 595)
    assert document.get_metadata_dict() == {**dict.fromkeys(document.METADATA_KEYS, ""), "Title": entry.title_latin}
    words = document[1].get_textpage().get_text_range()
    assert "The idea" in words
    assert sum(1 for _ in document[2].get_objects()) > 60  # the screens are shapes, not a picture
    for plate, canvas in art.canvases(entry, latin=True):
        for _, text in canvas.texts():
            assert art_pdf.latin(text.value) == text.value, plate.name
    for value in (entry.title_latin, entry.line["en"], entry.statement if entry.locale == "en" else ""):
        assert art_pdf.latin(value) == value


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_source_package_holds_what_its_readme_says(entry: content.Entry) -> None:
    with zipfile.ZipFile(io.BytesIO(art.source_zip(entry))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[:2] == ["README.txt", "tokens.json"]
        screens = len(art.screens(entry))
        clickable = entry.key in prototype.ENTRIES
        assert len(names) == 2 + screens + (screens + 2 if clickable else 0)
        assert ("index.html" in names) is clickable
        linked = re.findall(
            r'(?:href|src)="([^"]+)"', "".join(archive.read(n).decode() for n in names if n[-5:] == ".html")
        )
        assert set(linked) <= set(names)
        assert json.loads(archive.read("tokens.json"))["colour"]["ink"] == THEMES[entry.key].ink
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("latin", [False, True], ids=["own", "latin"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_no_text_is_cut_off_or_lies_on_another(entry: content.Entry, latin: bool) -> None:
    for plate, canvas in art.canvases(entry, latin=latin):
        boxes = list(_visible(canvas))
        for left, top, right, bottom, words in boxes:
            assert left >= 4 and right <= canvas.w - 4 and top >= 4 and bottom <= canvas.h - 2, (plate.name, words)
        for index, (left, top, right, bottom, words) in enumerate(boxes):
            for left2, top2, right2, bottom2, others in boxes[index + 1 :]:
                across = min(right, right2) - max(left, left2)
                down = min(bottom, bottom2) - max(top, top2)
                assert across <= 2 or down <= 1.5, (plate.name, words, others)


def _visible(canvas: Canvas) -> Iterator[tuple[float, float, float, float, str]]:
    """Boxes of the texts that no later rectangle covers, at their widest; marked overflow is left out."""
    flat = list(flatten(canvas.root.items))
    for index, (m, item) in enumerate(flat):
        if not isinstance(item, Text) or item.bleed:
            continue
        xs, ys = (item.left, item.left + item.width), (item.y - 0.74 * item.size, item.y + 0.2 * item.size)
        points = [(m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]) for x in xs for y in ys]
        left, right = min(p[0] for p in points), max(p[0] for p in points)
        top, bottom = min(p[1] for p in points), max(p[1] for p in points)
        middle = ((left + right) / 2, (top + bottom) / 2)
        if not any(_covers(matrix, shape, *middle) for matrix, shape in flat[index + 1 :] if isinstance(shape, Shape)):
            yield left, top, right, bottom, item.value


def _covers(m: art_canvas.Matrix, shape: Shape, x: float, y: float) -> bool:
    if shape.kind != "rect" or not shape.fill or shape.opacity < 1 or m[1]:
        return False
    left, top, w, h, _ = shape.geometry
    return m[0] * left + m[4] <= x <= m[0] * (left + w) + m[4] and m[3] * top + m[5] <= y <= m[3] * (top + h) + m[5]


# Tools


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 60, ["one two", "three"]),
        ("今すぐ|海から|離れて", 50, ["今すぐ", "海から", "離れて"]),
        ("道に置かれた袋が、その日に出す袋です。", 100, ["道に置かれた袋が、", "その日に出す袋です。"]),
        ("これは、", 30, ["これ", "は、"]),
    ],
)
def test_lines_break_where_a_reader_would(text: str, width: float, lines: list[str]) -> None:
    assert art_canvas.wrap(text, 10, width) == lines


def test_every_pictogram_draws_in_svg_and_in_pdf() -> None:
    canvas = Canvas(480, 960, ground="#ffffff")
    for index, name in enumerate(art_icons.ICONS):
        art_icons.icon(canvas, name, index % 10 * 48, index // 10 * 48, 48, "#000000", "#ffffff")
    ElementTree.fromstring(canvas.svg("pictograms"))
    document = pypdfium2.PdfDocument(art_pdf.document([canvas], "Pictograms"))
    assert sum(1 for _ in document[0].get_objects()) > len(art_icons.ICONS)


def test_letters_outside_the_standard_fonts_fall_back() -> None:
    assert art_pdf.latin("Đà Nẵng – Wiśniewska 津波") == "?à Nang – Wisniewska ??"


def test_a_canvas_escapes_what_it_writes() -> None:
    canvas = Canvas(10, 10)
    canvas.text(0, 8, "<&>", 8, "#000000")
    assert "".join(ElementTree.fromstring(canvas.svg('"<title>"')).itertext()).strip() == '"<title>"<&>'


@pytest.mark.parametrize("contest", CONTESTS)
def test_each_contest_has_a_picture_without_words_and_words_for_it(contest: content.Contest) -> None:
    body = art_wall.picture(contest.subject)

    root = ElementTree.fromstring(body)
    assert art_wall.picture(contest.subject) == body
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {"svg", "title", "rect", "circle", "path", "g"}
    assert len(body) < 200_000
    drawn = pyvips.Image.svgload_buffer(body)
    assert (drawn.width, drawn.height) == art_wall.SIZE
    # Not one flat colour: something is to be seen in each third.
    for at in range(3):
        part = drawn.extract_area(at * drawn.width // 3, 0, drawn.width // 3, drawn.height)
        assert part.colourspace("b-w").extract_band(0).deviate() > 5
    alt, caption = content_wall.PICTURES[contest.slug]
    assert all(text[lang] and len(text[lang]) <= 300 for text in (alt, caption) for lang in ("en", "ja"))


def test_the_published_contest_has_a_jury_that_speaks() -> None:
    published = [contest.slug for contest in content.CONTESTS if contest.state == "published"]
    assert list(content_wall.JURIES) == published
    assert all(text[lang] for pair in content_wall.JURIES.values() for text in pair for lang in ("en", "ja"))
