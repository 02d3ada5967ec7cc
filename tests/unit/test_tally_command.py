"""`contest tally` and `contest agreement`: files in, a result or one sentence out, without any service."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contest import cli
from contest.scoring import ENGINE_VERSION, methods
from contest.scoring.reading import read

ROOT = Path(__file__).resolve().parents[2]
SCORES = """\
entry,judge,criterion,score
Bridge,Aoi,Idea,4
Bridge,Aoi,Craft,2
Bridge,Ben,Idea,5
Bridge,Ben,Craft,3
塔,Aoi,Idea,1
塔,Aoi,Craft,1
塔,Ben,Idea,3
塔,Ben,Craft,2
Arch,Ben,Idea,4
Arch,Ben,Craft,4
Arch,Cho,Idea,4
"""
WEIGHTS = "criterion,weight\nIdea,3\nCraft,1\n"
RANKS = "judge,entry,rank,count\nfirst,A,1,3\nfirst,B,4,3\nfirst,C,,3\nsecond,B,1,2\nsecond,C,1,2\n"
PAIRS = "winner,loser,count\nA,B,3\nB,C,2\nC,A,1\nB,A,1\n"
#: Each method, with a file that it takes.
FILES = {"cards": SCORES, "ballots": RANKS, "pairs": PAIRS}


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs `contest COMMAND` on texts: exit code, output and error output."""

    def run(command: str, text: str | bytes, *arguments: str, weights: str | None = None) -> tuple[int, str, str]:
        file = tmp_path / "SCORES.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        given = [command, str(file), *arguments]
        if weights is not None:
            (tmp_path / "W.csv").write_text(weights)
            given += ["--weights", str(tmp_path / "W.csv")]
        code = cli.main(given)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def started(*arguments: object, **options: Any) -> subprocess.Popen[str]:
    """The command as a process of its own, in an environment without any setting."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **{"stdout": subprocess.PIPE} | options,
    )


# Results


def test_json_holds_what_anyone_needs_to_compare(told: Any) -> None:
    code, out, err = told("tally", SCORES, "--json", "--option", "min-judges=2", weights=WEIGHTS)

    assert (code, err) == (0, "")
    found = json.loads(out)
    entries, judges, warnings = (found.pop(key) for key in ("entries", "judges", "warnings"))
    assert found == {
        "method": "mean",
        "params": {"min_judges": 2, "ties": []},
        "engine_version": ENGINE_VERSION,
        "input_sha256": read(SCORES.encode(), weights=WEIGHTS.encode()).input_sha256,
        "n_entries": 3,
        "n_judges": 3,
        "n_scorecards": 5,
        "components": [["Arch", "Bridge", "塔"]],
        "excluded": [{"entry": "Arch", "judge": "Cho", "reason": "incomplete"}],
        "model": {},
    }
    assert [[row[key] for key in ("entry", "score", "rank", "tied_with", "n_judges")] for row in entries] == [
        ["Bridge", 4, 1, [], 2],
        ["塔", 1.875, 2, [], 2],
        ["Arch", 4, None, [], 1],
    ]
    assert [row["se"] for row in entries] == [pytest.approx(0.5), pytest.approx(0.875), None]
    assert [row["sd"] for row in entries] == [pytest.approx(0.5**0.5), pytest.approx(0.875 * 2**0.5), None]
    assert [[row[key] for key in ("judge", "n")] for row in judges] == [["Aoi", 2], ["Ben", 3]]
    assert [row["severity"] for row in judges] == [-0.6875, pytest.approx(1.375 / 3)]
    assert judges[0]["sd"] == pytest.approx(2.5 / 2**0.5)
    assert all(set(warning) > {"code", "sentence"} for warning in warnings)


@pytest.mark.parametrize("name", methods.METHODS)
def test_every_method_answers_in_the_same_form(told: Any, name: str) -> None:
    takes = methods.METHODS[name].takes
    code, out, err = told("tally", FILES[takes], "--method", name, "--json")

    assert (code, err) == (0, "")
    found = json.loads(out)
    assert list(found) == [
        *("method", "params", "engine_version", "input_sha256", "n_entries", "n_judges", "n_scorecards"),
        *("components", "excluded", "warnings", "entries", "judges", "model"),
    ]
    assert found["method"] == name
    assert set(found["params"]) == {option.name for option in methods.METHODS[name].options}
    assert {row["entry"] for row in found["entries"]} == ({"Arch", "Bridge", "塔"} if takes == "cards" else set("ABC"))
    for row in found["entries"]:
        assert {"entry", "score", "se", "rank", "tied_with", "n_judges"} <= set(row)
        assert row["rank"] is None or row["rank"] == 1 + sum(
            (other["rank"] or 9) < row["rank"] for other in found["entries"]
        )
        assert len(row["tied_with"]) == sum(other["rank"] == row["rank"] for other in found["entries"]) - 1
    assert all({"judge", "severity", "se", "sd", "n"} <= set(row) for row in found["judges"])
    # A ranking can come out of scores as well.
    if takes == "ballots":
        assert told("tally", SCORES, "--method", name)[0] == 0


def test_order_and_spelling_of_a_file_change_nothing(told: Any) -> None:
    head, *rows = SCORES.splitlines()
    other = "\r\n".join([head, *rows[::-1]]).replace(",", ";").replace(";4", ";4,0").encode("cp932")

    code, out, err = told("tally", other, "--method", "additive", "--json")

    assert (code, out) == told("tally", SCORES, "--method", "additive", "--json")[:2]
    assert err == ("The file is not UTF-8 and was read as Japanese (cp932): if names look wrong, save it as UTF-8.\n")


def test_a_person_reads_a_table_and_what_to_know(told: Any) -> None:
    code, out, err = told("tally", SCORES, "--option", "min-judges=2", weights=WEIGHTS)

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "mean: 3 entries, 3 judges, 5 scorecards"
    assert lines[2:6] == [
        "rank  entry   score           judges",
        "   1  Bridge  4.000  ± 0.500       2",
        "   2  塔      1.875  ± 0.875       2",
        "   –  Arch    4.000                1",
    ]
    assert "Not counted: 1 scorecard (incomplete)." in lines
    assert lines[-2] == "Options: min-judges=2."
    assert lines[-1].startswith(f"Engine {ENGINE_VERSION}, input ")


def test_a_table_says_ties_ballots_and_who_is_elected(told: Any) -> None:
    assert told("tally", RANKS, "--method", "stv", "--option", "seats=1")[1].splitlines()[:6] == [
        "stv: 3 entries, 5 judges, 5 ballots",
        "",
        "rank  entry  score    judges",
        "   1  A          3         3  elected",
        "  =2  B          1         5",
        "  =2  C          1         5",
    ]


def test_warnings_stand_beneath(told: Any) -> None:
    code, out, err = told("tally", "entry,judge,score\nA,J,3\nB,J,3\nC,K,2\n")

    assert (code, err) == (0, "")
    assert "Note: 2 groups of judges share no entry" in out


def test_the_scale_goes_for_every_method_and_is_reported(told: Any) -> None:
    for name in ("mean", "median", "borda"):
        code, out, _ = told("tally", SCORES, "--json", "--method", name, "--option", "scale=1..5")
        assert (code, json.loads(out)["params"]["scale"]) == (0, "1..5")

        assert told("tally", SCORES, "--method", name, "--option", "scale=1..4") == (
            2,
            "",
            "contest tally: Line 4 of the scores: the score 5 is outside the scale from 1 to 4.\n",
        )


def test_agreement_has_every_statistic_or_says_why_not(told: Any) -> None:
    """Shrout and Fleiss (1979), table 2: four judges, six targets; their six coefficients."""
    table = ([9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7])
    text = "entry,judge,score\n" + "".join(
        f"T{entry},J{judge},{score}\n" for entry, row in enumerate(table) for judge, score in enumerate(row)
    )

    code, out, err = told("agreement", text, "--json")

    assert (code, err) == (0, "")
    found = json.loads(out)
    assert list(found) == [
        *("kendall_w", "krippendorff_alpha", "icc", "fleiss_kappa", "n_entries", "n_judges", "notes")
    ]
    assert {key: round(found["icc"][key], 2) for key in found["icc"] if key.startswith("icc")} == {
        "icc1_1": 0.17,
        "icc2_1": 0.29,
        "icc3_1": 0.71,
        "icc1_k": 0.44,
        "icc2_k": 0.62,
        "icc3_k": 0.91,
    }
    assert [round(found["icc"][key], 2) for key in ("bms", "wms", "jms", "ems")] == [11.24, 6.26, 32.49, 1.02]
    assert (found["n_entries"], found["n_judges"]) == (6, 4)

    code, out, err = told("agreement", SCORES, "--json")
    assert (code, err) == (0, "")
    incomplete = json.loads(out)
    assert incomplete["kendall_w"] is None and incomplete["icc"] is None
    assert all(set(note) >= {"code", "sentence"} for note in incomplete["notes"])
    assert len(incomplete["notes"]) >= 1

    # As large a seed as a ranking page may print.
    code, out, err = told("agreement", text, "--option", "draws=20", "--option", f"seed={2**32 - 1}", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["krippendorff_interval"]["seed"] == 2**32 - 1

    code, out, _ = told("agreement", text)
    assert code == 0
    assert "icc: icc1_1 0.1657, " in out


def test_the_listing_names_every_method_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tally", "--list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")][:-1] == list(methods.METHODS)
    assert "    --option min-n=5  a judge with fewer scorecards is only centred" in lines
    assert "    --option trim=0.1  the share cut at each end" in lines


# Refusals: exit code 2, nothing on standard output, one sentence

UNLINKED = "entry,judge,score\nA,J,3\nB,J,2\nA,K,1\nC,L,3\nD,L,4\n"
EQUAL = "entry,judge,score\nA,J,3\nB,J,3\nA,K,3\nB,K,3\n"
REFUSED = {
    "unlinked panels": (
        UNLINKED,
        ["--method", "additive"],
        "2 groups of judges share no entry, so that their scores cannot be compared: "
        "let one judge score an entry of each (for example A and C).",
    ),
    "one judge": (
        "entry,judge,score\nA,J,1\nB,J,2\n",
        ["--method", "mixed"],
        "2 scorecards of 2 entries by 1 judges leave nothing to tell chance from merit: "
        "let more judges score the same entries, or take the method mean.",
    ),
    "one entry": (
        "entry,judge,score\nA,J,1\nA,K,2\n",
        ["--method", "borda"],
        "No judge saw two entries, so that nothing is compared: let each judge judge at least two.",
    ),
    "an entry that never loses": (
        "winner,loser\nA,B\nA,C\nB,C\nC,B\n",
        ["--method", "bradley-terry"],
        "No other entry was ever preferred to A, so that nothing tells how much better that is: "
        "collect more comparisons, or use --option ridge=0.1.",
    ),
    "another kind of file": (
        PAIRS,
        ["--method", "mean"],
        "The method mean takes scores, and this file has pairs: the columns entry,judge[,criterion],score are wanted.",
    ),
    "either of two kinds": (
        PAIRS,
        ["--method", "stv"],
        "The method stv takes rankings or scores, and this file has pairs: the columns judge,entry,rank[,count] "
        "or entry,judge[,criterion],score are wanted.",
    ),
    "no such method": (
        SCORES,
        ["--method", "best"],
        "There is no method best; there are: mean, trimmed, median, pass, zscore, additive, mixed, borda, "
        "median-rank, copeland, schulze, bradley-terry, stv.",
    ),
    "no such option": (SCORES, ["--option", "trim=0.1"], "mean has no option trim; it has: min-judges, ties."),
    "an option without a value": (
        SCORES,
        ["--option", "min-judges"],
        "The option min-judges lacks its value: write --option name=value.",
    ),
    "a senseless value": (
        SCORES,
        ["--option", "min-judges=0"],
        "min-judges=0 makes no sense: a whole number from 1 to 1000000000 is wanted.",
    ),
    "an option with two values": (
        SCORES,
        ["--option", "min-judges=1", "--option", "min-judges=2"],
        "The option min-judges is given twice, with two values.",
    ),
    "a senseless scale": (
        SCORES,
        ["--option", "scale=5..1"],
        "scale=5..1 makes no sense: write the least and the highest, as scale=1..5.",
    ),
    "half a scale": (
        SCORES,
        ["--option", "scale=5"],
        "scale=5 makes no sense: write the least and the highest, as scale=1..5.",
    ),
    "a bad cell": (
        "entry,judge,score\nA,J,\x1b[31m\n",
        [],
        "Line 2 of the scores: the score “\ufffd[31m” is not a number.",
    ),
}


@pytest.mark.parametrize("text, arguments, sentence", REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_one_sentence(told: Any, text: str, arguments: list[str], sentence: str) -> None:
    for more in ([], ["--json"]):
        assert told("tally", text, *arguments, *more) == (2, "", f"contest tally: {sentence}\n")


def test_agreement_refuses_as_well(told: Any) -> None:
    assert told("agreement", PAIRS) == (
        2,
        "",
        "contest agreement: The method agreement takes scores, and this file has pairs: "
        "the columns entry,judge[,criterion],score are wanted.\n",
    )
    assert told("agreement", SCORES, weights="criterion,weight\nIdea,0\n") == (
        2,
        "",
        "contest agreement: Line 2 of the weights: the field weight is 0, which is not above 0.\n",
    )


DEGENERATE = {
    "one judge": ("entry,judge,score\nA,J,1\nB,J,2\n", "mean", {"A": 2, "B": 1}),
    "one entry": ("entry,judge,score\nA,J,1\nA,K,2\n", "mean", {"A": 1}),
    "all equal, mean": (EQUAL, "mean", {"A": 1, "B": 1}),
    "all equal, zscore": (EQUAL, "zscore", {"A": 1, "B": 1}),
    "all equal, additive": (EQUAL, "additive", {"A": 1, "B": 1}),
    "all equal, mixed": (EQUAL, "mixed", {"A": 1, "B": 1}),
    "all equal, borda": (EQUAL, "borda", {"A": 1, "B": 1}),
    "a judge with one value": (
        "entry,judge,score\nA,J,3\nB,J,3\nA,K,1\nB,K,2\nA,L,2\nB,L,4\n",
        "zscore",
        {"A": 2, "B": 1},
    ),
    "unlinked panels": (UNLINKED, "mean", {"D": 1, "C": 2, "A": 3, "B": 3}),
    "a cycle in pairs": ("winner,loser\nA,B\nB,C\nC,A\n", "bradley-terry", {"A": 1, "B": 1, "C": 1}),
    "gaps and ties in ranks": ("judge,entry,rank\nJ,A,5\nJ,B,2\nJ,C,5\n", "borda", {"B": 1, "A": 2, "C": 2}),
}


@pytest.mark.parametrize("text, method, ranks", DEGENERATE.values(), ids=DEGENERATE)
def test_poor_data_have_a_result_where_there_is_an_honest_one(
    told: Any, text: str, method: str, ranks: dict[str, int]
) -> None:
    code, out, err = told("tally", text, "--method", method, "--json")

    assert (code, err) == (0, "")
    assert {row["entry"]: row["rank"] for row in json.loads(out)["entries"]} == ranks


# The host's side


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.csv"
    there = tmp_path / "there.csv"
    there.write_text(SCORES)

    for arguments, sentence in {
        (str(missing),): f"{missing}: No such file or directory",
        (str(tmp_path),): f"{tmp_path}: Is a directory",
        (str(there), "--weights", str(missing)): f"{missing}: No such file or directory",
        ("-", "--weights", "-"): "Standard input holds one file: name the other.",
        (): "name a file of scores, or - for standard input.",
    }.items():
        assert cli.main(["tally", *arguments]) == 2
        assert capsys.readouterr() == ("", f"contest tally: {sentence}\n")


def test_standard_input_is_read_by_a_process_that_loads_no_service() -> None:
    """Nor numpy: the default method needs none."""
    script = (
        "import sys; from contest import cli; code = cli.main(['tally', '-', '--json']); "
        "heavy = {'flask', 'sqlalchemy', 'pydantic', 'redis', 'boto3', 'numpy', 'scipy'} & set(sys.modules); "
        "sys.exit(f'loaded: {heavy}' if heavy else code)"
    )
    process = started("-c", script)
    out, err = process.communicate(SCORES, timeout=60)

    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["input_sha256"] == read(SCORES.encode()).input_sha256


@pytest.mark.parametrize("command", [("tally", "--method", "additive"), ("agreement",)])
def test_what_needs_a_package_that_is_not_installed_says_so(command: tuple[str, ...]) -> None:
    script = (
        "import sys; sys.modules['numpy'] = sys.modules['scipy'] = None; from contest import cli; "
        f"sys.exit(cli.main([*{command}, '-']))"
    )
    process = started("-c", script)
    out, err = process.communicate(SCORES, timeout=60)

    assert (process.returncode, out) == (2, "")
    assert err == f"contest {command[0]}: This needs numpy and scipy: pip install 'contest[scoring]'.\n"


def test_ctrl_c_ends_quietly(tmp_path: Path) -> None:
    pipe = tmp_path / "scores"
    os.mkfifo(pipe)
    process = started("-m", "contest.cli", "tally", pipe)
    # Opens when the command has opened the other end, so that it is reading.
    with pipe.open("w"):
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (130, "Stopped.\n")


def test_a_reader_that_leaves_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = started("-m", "contest.cli", "tally", "-", stdout=write_end)
    os.close(write_end)
    _, err = process.communicate(SCORES, timeout=60)

    assert (process.returncode, err) == (1, "")


def test_a_terminal_without_the_signs_still_gets_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An old locale: the names are escaped, nothing is lost."""
    (tmp_path / "s.csv").write_text(SCORES)
    written = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", written)

    assert cli.main(["tally", str(tmp_path / "s.csv")]) == 0

    written.seek(0)
    assert "\\u5854" in written.read()


def test_a_name_with_a_comma_can_be_decided_on_as_the_refusal_says(told: Any) -> None:
    ballots = 'judge,entry,rank\nAoki,"Hill, second",1\nAoki,Bridge,1\n'

    code, _, err = told("tally", ballots, "--method", "stv")
    assert code == 2
    option = shlex.split(re.search(r"--option (.*)\.$", err.strip())[1])  # type: ignore[index]
    code, out, _ = told("tally", ballots, "--method", "stv", "--option", *option, "--json")

    assert code == 0
    assert json.loads(out)["params"]["decision"] == ["Bridge", "Hill, second"]
    assert told("tally", ballots, "--method", "stv", "--option", 'decision="Hill')[0] == 2


def test_the_table_shows_rank_intervals(told: Any) -> None:
    linked = "entry,judge,score\nA,J,3\nB,J,2\nA,K,1\nC,K,3\nB,L,1\nC,L,4\n"
    code, out, _ = told("tally", linked, "--method", "additive", "--option", "draws=50")

    assert code == 0
    assert len(re.findall(r"likely rank \d to \d", out)) == 3
