"""The ranking with its reliability, on the organiser's pages."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from contest.models import Account, Analysis, Contest, Entry, Scorecard, Standing, Tally
from contest.scoring import digest
from contest.services import analysis, awards, publications, results
from contest.vocabulary import Role
from tests.factories import Make, both
from tests.pages import Page, Pages
from tests.web.room import at, organiser_of

#: Levels of three criteria by judge and entry: judge 0 is strict, judge 3 gives everybody the same.
LINKED = {
    0: {0: 3, 1: 2, 2: 2, 3: 1, 4: 1, 5: 1},
    1: {0: 5, 1: 4, 2: 4, 3: 3, 4: 3, 5: 2},
    2: {0: 5, 1: 5, 2: 3, 3: 4, 4: 2, 5: 3},
    3: {0: 3, 1: 3, 2: 3, 3: 3, 4: 3, 5: 3},
}
APART = {0: {0: 5, 1: 4}, 1: {0: 4, 1: 3}, 2: {2: 3, 3: 2}, 3: {2: 5, 3: 4}}


def _judged(
    make: Make, session: Session, given: dict[int, dict[int, int]], method: str = "mean", **options: str
) -> tuple[Contest, list[Entry]]:
    """A tallied contest whose judges gave these levels."""
    contest = make.contest("judging", judges_per_entry=min(len(given), 4))
    contest.round.method, contest.round.method_options = method, options
    make.open_round(contest)
    entries = [make.entry(contest, title=f"Work {number}") for number in range(1 + max(map(max, given.values())))]
    for number, levels in given.items():
        judge = make.member(contest, Role.JUDGE, make.account(f"Judge {number}"))
        for entry, level in levels.items():
            make.scorecard(make.assignment(entries[entry], judge), [level] * 3)
    make.close_round(contest)
    results.make_tally(session, contest.round.id, contest.created_by)
    session.commit()
    return contest, entries


def _analyse(session: Session, contest: Contest) -> None:
    tally = results.latest_tally(session, contest.round.id)
    assert tally is not None

    @contextmanager
    def work() -> Iterator[Session]:
        yield session
        session.commit()

    analysis.analyse(work, work, tally.id)


def _ranking(pages: Pages, session: Session, contest: Contest, lang: str = "en") -> Page:
    return organiser_of(pages, session, contest, lang).get(at(contest, "/results/ranking"))


def _row(page: Page, number: int) -> dict[str, str]:
    """The cells of an entry's row by the heads that a folded table shows."""
    for row in page.all("tr"):
        head = row.find("th")
        if head is not None and head.get("scope") == "row" and page.text(head).startswith(f"{number:04d}"):
            return {cell.get("data-l") or "": page.text(cell) for cell in row.iter("td")}
    raise AssertionError(f"no entry {number}")


def test_raw_and_adjusted_stand_side_by_side_with_their_errors(pages: Pages, session: Session, make: Make) -> None:
    contest, entries = _judged(make, session, LINKED)
    _analyse(session, contest)

    page = _ranking(pages, session, contest)

    first = _row(page, entries[0].number)
    assert first["Rank"] == "1" and first["Adjusted rank"] == "1"
    assert re.fullmatch(r"\d+\.\d\d ± \d+\.\d", first["Score ± error"])
    assert re.fullmatch(r"\d+\.\d ± \d+\.\d", first["Adjusted ± error"])
    assert re.fullmatch(r"1 to \d|1", first["Likely rank"])
    assert re.fullmatch(r"\d+ %|over 99 %", first["Chance to be first"])
    # As many as there are prizes.
    assert re.fullmatch(r"(nearly certain|likely) (\d+ %|over 99 %)", first["Among the first 3"])
    assert re.fullmatch(r"1 to \d|with none", first["Tied within error"])
    judges = {page.text(row.find("th")): page.text(row) for row in page.all("tr") if row.find("th") is not None}
    strict = next(text for name, text in judges.items() if name.startswith("Judge 0"))
    flat = next(text for name, text in judges.items() if name.startswith("Judge 3"))
    assert "stricter by" in strict and "Clearly stricter than the others." in strict
    assert "Gave every entry the same score." in flat
    text = page.text()
    assert "Kendall’s W" in text and "Krippendorff’s alpha" in text and "ICC(2,k)" in text
    assert "Low agreement is nobody’s fault" in text


def test_the_first_sentence_says_what_it_means_for_the_decision(pages: Pages, session: Session, make: Make) -> None:
    close = {judge: {0: 4 + judge % 2, 1: 5 - judge % 2, 2: 2 + judge // 2, 3: 1} for judge in range(4)}
    contest, _ = _judged(make, session, close)
    _analyse(session, contest)

    lede = next(p for p in _ranking(pages, session, contest).all("p") if p.get("class") == "lede")

    assert " ".join("".join(lede.itertext()).split()) == (
        "The first 2 entries cannot be told apart: the distances are smaller than the error of judging. "
        "Let the jury decide between them. It is nearly certain which entries are the first 3."
    )


def test_what_stands_out_leads_to_the_scorecards_of_its_entry(pages: Pages, session: Session, make: Make) -> None:
    # Twelve entries by four judges who agree but for one scorecard; one of them grows strict.
    levels = {judge: {number: 2 + number % 3 for number in range(12)} for judge in range(4)}
    levels[1] |= {number: 2 + number % 3 + (number < 4) for number in range(12)}
    levels[2][6] = 5
    contest, entries = _judged(make, session, levels)
    for card in session.scalars(select(Scorecard)):
        card.created_at += timedelta(hours=next(entry.number for entry in entries if entry.id == card.entry_id))
    session.commit()
    before = organiser_of(pages, session, contest).get(at(contest, f"/results/entries/{entries[6].number}"))
    assert "much higher" not in before.text()
    _analyse(session, contest)
    organiser = organiser_of(pages, session, contest)

    page = organiser.get(at(contest, "/results/ranking"))
    link = page.link(f"Entry {entries[6].number:04d}: much higher than expected")
    cards = organiser.get(link.partition("#")[0])

    rows = {
        page.text(row.find("th")).split(" ")[1]: page.text(row) for row in page.all("tr") if row.find("td") is not None
    }
    judges = {name: text for name, text in rows.items() if name in "0123"}
    assert "stricter at the end by" in judges["1"]
    assert [("no clear change" in judges[name]) for name in "03"] == [True, True]
    assert f"Scorecards of entry {entries[6].number:04d}" in cards.text()
    marked = cards.by_id(link.partition("#")[2])
    assert cards.text(marked) == "Judge 2much higher than expected555100.00"
    others = [cards.text(row) for row in cards.all("tr") if row is not marked and row.find("td") is not None]
    assert others == [*(f"Judge {name}22240.00" for name in (0, 1, 3)), "Mean2.82.82.855.00"]
    # Entries that nobody stands out for say so of nobody.
    assert "expected" not in organiser.get(at(contest, f"/results/entries/{entries[0].number}")).text()
    organiser.get(at(contest, "/results/entries/9999"), 404)
    contest.round.state, contest.round.closed_at = "open", None
    session.commit()
    assert "Judging is open again" in organiser.get(at(contest, f"/results/entries/{entries[6].number}"), 403).text()


def test_it_is_said_when_the_adjustment_changes_who_leads(pages: Pages, session: Session, make: Make) -> None:
    # Judge 0 is strict, and did not see the entry that the plain mean puts first.
    levels = {0: {0: 3, 2: 1, 3: 1}, 1: {0: 5, 1: 4, 2: 3, 3: 2}, 2: {1: 5, 2: 3, 3: 3}}
    contest, entries = _judged(make, session, levels, "additive")
    _analyse(session, contest)

    page = _ranking(pages, session, contest)

    assert (
        f"By the plain mean, {entries[1].number:04d} would lead. "
        f"Entry {entries[0].number:04d} leads because its judges were stricter."
    ) in page.text()


def test_a_clear_winner_is_called_one(pages: Pages, session: Session, make: Make) -> None:
    clear = {judge: {0: 5, 1: 2 + judge % 2, 2: 1 + judge // 2, 3: 1} for judge in range(4)}
    contest, entries = _judged(make, session, clear)
    _analyse(session, contest)

    page = _ranking(pages, session, contest)

    assert f"Entry {entries[0].number:04d} leads: no other comes within the error of judging." in page.text()
    assert _row(page, entries[0].number)["Tied within error"] == "with none"


def test_unlinked_judges_are_told_with_the_cure(pages: Pages, session: Session, make: Make) -> None:
    contest, entries = _judged(make, session, APART)
    _analyse(session, contest)

    page = _ranking(pages, session, contest)

    assert "2 groups of judges share no entry" in page.text()
    numbers = " and ".join(f"{entries[number].number:04d}" for number in (0, 2))
    assert f"Let one judge score an entry of each group, for example {numbers}" in page.text() or (
        "Let one judge score an entry of each group" in page.text()
    )
    assert page.link("See who judges what").endswith("/assignments")
    # The raw score stands; nothing adjusted is shown.
    assert _row(page, entries[0].number)["Rank"] == "1" and "Adjusted rank" not in page.text()


def test_a_method_that_refuses_says_why_and_gives_no_rank(pages: Pages, session: Session, make: Make) -> None:
    contest, entries = _judged(make, session, APART, "additive")
    organiser = organiser_of(pages, session, contest)

    decide = organiser.get(at(contest, "/results"))
    ranking = organiser.get(at(contest, "/results/ranking"))

    for page in (decide, ranking):
        assert "Adjusted for severity: no ranking." in page.text()
        assert "2 groups of judges share no entry" in page.text()
        assert page.link("Choose another method").endswith("/method")
        assert _row(page, entries[0].number)["Rank"] == "Not ranked"
    assert "no prize can be given" in decide.text() and "Decide the awards" not in decide.text()


def test_before_the_tally_and_before_the_analysis_the_page_says_so(pages: Pages, session: Session, make: Make) -> None:
    open_, (tallied, entries) = make.contest("judging"), _judged(make, session, LINKED)

    early, soon = _ranking(pages, session, open_), _ranking(pages, session, tallied)

    assert "Close judging and let the scores be tallied first." in early.text() and not early.all("table")
    assert "How reliable it is, is being worked out" in soon.text()
    assert _row(soon, entries[0].number)["Rank"] == "1"


def test_a_tally_that_another_will_follow_is_shown_as_the_former(pages: Pages, session: Session, make: Make) -> None:
    contest, entries = _judged(make, session, LINKED)
    _analyse(session, contest)
    organiser = organiser_of(pages, session, contest)
    paths = ("/results", "/results/ranking")
    stands = [organiser.get(at(contest, path)) for path in paths]
    page = organiser.get(at(contest, "/method"))
    organiser.submit(page, "Save the method", {"method": "median", "reason": "The jury asked for the median."})

    changed = [organiser.get(at(contest, path)) for path in paths]
    contest.round.state, contest.round.closed_at = "open", None
    session.commit()
    reopened = [organiser.get(at(contest, path)) for path in paths]

    for before, counting, again in zip(stands, changed, reopened, strict=True):
        assert "the tally of before" not in before.text()
        assert "The scores are being counted anew. What you see here is the tally of before" in counting.text()
        assert "Judging is open again. What you see here is the tally of before." in again.text()
        assert "The ranking stands" not in counting.text() and "Decide the awards" not in counting.text()
        # The former ranks are there still, by the former method.
        tables = " ".join(counting.text(table) for table in counting.all("table"))
        assert _row(counting, entries[0].number)["Rank"] == "1" and "Median" not in tables
    assert "Decide the awards" in stands[0].text()


@pytest.mark.parametrize("method", ["median", "additive"])
def test_where_awards_are_decided_the_score_of_the_method_stands_beside_the_mean(
    pages: Pages, session: Session, make: Make, method: str
) -> None:
    contest, entries = _judged(make, session, LINKED, method)
    organiser = organiser_of(pages, session, contest)

    decide, early = (organiser.get(at(contest, path)) for path in ("/results", "/results/ranking"))
    _analyse(session, contest)
    late = organiser.get(at(contest, "/results/ranking"))

    own = {"median": "Median", "additive": "Adjusted for severity"}[method]
    shape = {"median": r"80\.00", "additive": r"\d+\.\d\d ± \d+\.\d\d"}[method]
    for page in (decide, early):
        assert re.fullmatch(shape, _row(page, entries[0].number)[own])
    assert re.fullmatch(r"80\.\d+ %", _row(decide, entries[0].number)["Score"])
    assert f"The rank follows the column “{own}”." in decide.text()
    # Once the analysis has an adjusted score, it does not stand there twice.
    assert (own in _row(late, entries[0].number)) == (method == "median")


def test_one_judge_is_told_in_plain_words(pages: Pages, session: Session, make: Make) -> None:
    contest, _ = _judged(make, session, {0: {0: 5, 1: 4, 2: 2}})
    _analyse(session, contest)

    page = _ranking(pages, session, contest)

    assert "Let more judges score." in page.text()


def test_a_server_without_the_packages_says_which(pages: Pages, session: Session, make: Make) -> None:
    contest, entries = _judged(make, session, LINKED)
    tally = results.latest_tally(session, contest.round.id)
    assert tally is not None
    session.add(
        Analysis(
            tally_id=tally.id,
            refused={"code": "no_science", "facts": {}},
            judges=[],
            agreement={},
            engine_version="2",
            created_at=tally.created_at,
        )
    )

    page = _ranking(pages, session, contest)

    assert "The ranking stands, but how certain it is cannot be told." in page.text()
    assert "The server lacks the packages numpy and scipy" in page.text()
    assert _row(page, entries[0].number)["Rank"] == "1"


def test_a_rule_that_told_equal_scores_apart_is_shown(pages: Pages, session: Session, make: Make) -> None:
    contest = make.contest("judging", judges_per_entry=1)
    first, second, third = contest.round.criteria
    assert first.weight != third.weight or second.weight
    judge = make.member(contest, Role.JUDGE)
    one, other = make.entry(contest), make.entry(contest)
    contest.round.method_options = {"ties": f"criterion:{third.key}"}
    for criterion in contest.round.criteria:
        criterion.weight = {first.key: 300, second.key: 400, third.key: 300}[criterion.key]
    make.open_round(contest)
    make.scorecard(make.assignment(one, judge), [5, 3, 2])
    make.scorecard(make.assignment(other, judge), [2, 3, 5])
    make.close_round(contest)
    results.make_tally(session, contest.round.id, contest.created_by)
    session.commit()
    organiser = organiser_of(pages, session, contest)

    for path in ("/results", "/results/ranking"):
        page = organiser.get(at(contest, path))
        assert _row(page, other.number)["Rank"] == "1" and _row(page, one.number)["Rank"] == "2"
        assert f"Placed by: the higher mean for “{third.name['en']}”" in page.text()


def test_the_scores_can_be_taken_away_and_computed_again(pages: Pages, session: Session, make: Make) -> None:
    contest, _ = _judged(make, session, LINKED, "trimmed", **{"trim": "0.25"})
    _analyse(session, contest)
    organiser = organiser_of(pages, session, contest)
    page = organiser.get(at(contest, "/results/ranking"))

    answer = organiser.post(*page.form("Download the scores (ZIP)"), status=200)

    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as files:
        assert files.namelist() == ["SCORES.csv", "W.csv"]
        scores = files.read("SCORES.csv").decode().splitlines()
    assert scores[0] == "entry,judge,criterion,score" and len(scores) == 1 + 24 * 3
    assert "Judge 0" not in "".join(scores)
    text = page.text()
    assert "contest tally SCORES.csv --weights W.csv --method trimmed --option trim=0.25 --json" in text
    assert "--method additive --option min-judges=1 --option draws=1000 --option seed=" in text
    assert "contest agreement SCORES.csv --weights W.csv" in text
    assert "Share left out at each end, in percent25 %" in text
    assert "downloaded all scores without names" in organiser.get(at(contest, "/audit")).text()


def test_a_long_ranking_has_pages(pages: Pages, session: Session, make: Make) -> None:
    many = {judge: {entry: 1 + (entry + judge) % 5 for entry in range(103)} for judge in range(2)}
    contest, _ = _judged(make, session, many)
    organiser = organiser_of(pages, session, contest)

    second = organiser.get(at(contest, "/results/ranking?page=2"))

    assert "101 to 103 of 103" in second.text()
    assert len([row for row in second.all("tr") if row.find("td") is not None]) == 3


@pytest.mark.parametrize(
    ("method", "named", "score"),
    [("mean", "Weighted mean.", ""), ("median", "Median.", "80.00"), ("copeland", "Duels (Copeland).", "5")],
)
def test_the_winners_page_says_by_which_method(
    pages: Pages, session: Session, make: Make, method: str, named: str, score: str
) -> None:
    contest, entries = _judged(make, session, LINKED, method)
    organiser = make.actor(session.get_one(Account, contest.created_by))
    publisher = make.actor(make.member(contest, Role.PUBLISHER))
    awards.propose(session, organiser, contest.slug, [awards.Pick("first", entries[0].number, both("Clear."))])
    proposal = publications.propose(session, organiser, contest.slug)
    session.flush()
    publications.approve(session, publisher, contest.slug, proposal.number, digest=proposal.digest)
    publications.publish(session, publisher, contest.slug, proposal.number, digest=proposal.digest)

    page = pages.get(f"/en/contests/{contest.slug}/winners")

    assert f"How the ranking was made: {named}" in page.text()
    assert _row(page, entries[0].number).get(named.removesuffix("."), "") == score


def test_a_tally_from_before_methods_could_be_chosen_is_read_like_any_other(
    pages: Pages, session: Session, make: Make
) -> None:
    contest, entries = _judged(make, session, LINKED)
    made = results.latest_tally(session, contest.round.id)
    assert made is not None
    counted = results._count(session, contest.round)
    old = {key: getattr(made, key) for column in inspect(Tally).columns if (key := column.key) not in ("id", "refused")}
    old |= {"number": 2, "method": "weighted_rubric_mean", "engine_version": "1"}
    old["params"] = {name: value for name, value in made.params.items() if name != "options"}
    old["input_digest"] = digest.sha256(
        {
            "method": old["method"],
            "engine": old["engine_version"],
            "params": old["params"],
            "cards": counted.digest,
            "entries": [counted.entries, counted.totals, counted.cards],
            "excluded": counted.left_out,
        }
    )
    session.add(before := Tally(**old))
    session.flush()
    for row in made.standings:
        values = {column.key: getattr(row, column.key) for column in inspect(Standing).columns}
        session.add(Standing(**values | {"tally_id": before.id}))
    session.commit()
    _analyse(session, contest)
    organiser = organiser_of(pages, session, contest)

    page, decide = (organiser.get(at(contest, path)) for path in ("/results/ranking", "/results"))

    assert _row(page, entries[0].number)["Adjusted rank"] == "1"
    assert "contest tally SCORES.csv --weights W.csv --json" in page.text()
    organiser.post(*page.form("Download the scores (ZIP)"), status=200)
    assert "Method: Weighted mean" in decide.text()
    assert list(_row(decide, entries[0].number)) == ["Rank", "Score", "Scorecards", "Prize"]
