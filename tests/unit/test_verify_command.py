"""`contest verify`: a publication against its own scores, without any service."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from contest import cli
from contest.scoring import ENGINE_VERSION
from contest.scoring.digest import sha256

SCORES = """\
entry,judge,criterion,score
C-0001,J1,idea,4
C-0001,J1,craft,2
C-0001,J2,idea,5
C-0001,J2,craft,3
C-0002,J1,idea,1
C-0002,J1,craft,1
C-0002,J2,idea,3
C-0002,J2,craft,1
"""
WEIGHTS = "criterion,weight,points\nidea,750,5\ncraft,250,5\n"


def zipped(
    scores: str = SCORES, weights: str = WEIGHTS, *, way: int = zipfile.ZIP_STORED, also: tuple[str, ...] = ()
) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", way) as files, warnings.catch_warnings(action="ignore"):
        for name in also:
            files.writestr(name, "entry,judge,criterion,score\n")
        files.writestr("SCORES.csv", scores)
        files.writestr("W.csv", weights)
    return packed.getvalue()


def changed(path: str, value: Any) -> dict[str, Any]:
    """The publication with another value at a path such as standings.1.rank."""
    told = copy.deepcopy(publication())
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    place: Any = told["snapshot"]
    for step in way:
        place = place[step]
    place[last] = value
    return told


def publication() -> dict[str, Any]:
    """Two entries, exactly as the scores have them: (4·3 + 2)/20 and (5·3 + 3)/20, (1·3 + 1)/20 and (3·3 + 1)/20."""
    standings = [
        {"entry": 1, "rank": 1, "tied": 1, "scorecards": 2, "score": [32, 40]},
        {"entry": 2, "rank": 2, "tied": 1, "scorecards": 2, "score": [14, 40]},
        {"entry": 3, "rank": None, "tied": 1, "scorecards": 0, "score": None},
    ]
    return {
        "publication": 7,
        "snapshot": {
            "round": {
                "criteria": [
                    {"key": "idea", "weight": 750, "points": 5},
                    {"key": "craft", "weight": 250, "points": 5},
                ]
            },
            "tally": {
                "method": "mean",
                "options": {},
                "engine": ENGINE_VERSION,
                "scorecards": 4,
                "judges": 2,
                "entries": 3,
            },
            "scores": {"command": "contest tally SCORES.csv --weights W.csv"},
            "awards": [{"entry": 1, "standing": standings[0]}],
            "standings": standings,
        },
    }


@pytest.fixture
def verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command on a publication and a ZIP: exit code, output, error output."""

    def run(told: Any, packed: bytes) -> tuple[int, str, str]:
        (tmp_path / "publication.json").write_text(json.dumps(told))
        (tmp_path / "scores.zip").write_bytes(packed)
        code = cli.main(["verify", str(tmp_path / "publication.json"), str(tmp_path / "scores.zip")])
        return (code, *capsys.readouterr())

    return run


def signed(told: dict[str, Any], packed: bytes) -> dict[str, Any]:
    """With the digests that belong to it, so that only what it says can be wrong."""
    told["snapshot"]["scores"]["sha256"] = hashlib.sha256(packed).hexdigest()
    return told | {"digest": sha256(told["snapshot"])}


def test_a_publication_that_says_what_its_scores_give(verify: Any) -> None:
    told = signed(publication(), zipped())

    code, out, err = verify(told, zipped())

    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"Publication 7, SHA-256 {told['digest']}.",
        "Computed again by mean from 4 scorecards: every rank and every score of 3 entries is what is published.",
    ]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("standings.1.rank", 1, "C-0002: the rank 1 is published, the scores give 2."),
        ("standings.1.tied", 2, "C-0002: the number of equals 2 is published, the scores give 1."),
        ("standings.1.scorecards", 3, "C-0002: the number of scorecards 3 is published, the scores give 2."),
        ("standings.1.score", [15, 40], "the score 37.500000 % is published, the scores give 35.000000 %."),
        ("standings.2.rank", 3, "C-0003: the rank 3 is published, the scores give none."),
        ("standings.1.entry", 4, "C-0002: it has scores, but no published standing."),
        ("awards.0.standing", {"entry": 1, "rank": 2}, "C-0001: its award shows another standing"),
        ("round.criteria.0.weight", 700, "the weights are not those of the published criteria."),
        ("tally.method", "median", "the published method is median, but the command line names mean."),
        ("tally.options", {"min-judges": "2"}, "the options of the command line are not those"),
        ("tally.scorecards", 5, "the number of scorecards 5 is published, the scores give 4."),
        ("tally.judges", 9, "the number of judges 9 is published, the scores give 2."),
        ("tally.entries", 4, "the number of entries 4 is published, the standings give 3."),
    ],
)
def test_whatever_else_is_published_is_named(verify: Any, path: str, value: Any, said: str) -> None:
    code, out, _ = verify(signed(changed(path, value), zipped()), zipped())

    assert code == 1
    assert said in out and "Computed again" not in out


def test_files_that_do_not_belong_together_are_told_apart(verify: Any) -> None:
    told = signed(publication(), zipped())
    other = zipped(SCORES.replace("J2,idea,3", "J2,idea,4"))
    assert verify(told, other)[:1] == (1,)
    assert "not the scores of this publication" in verify(told, other)[1]

    told["snapshot"]["standings"][0]["rank"] = 2
    code, out, _ = verify(told, zipped())
    assert code == 1 and "it was changed" in out


@pytest.mark.parametrize(
    ("told", "packed", "said"),
    [
        ([], zipped(), "This is no publication"),
        ({"publication": 1, "digest": "0", "snapshot": {"standings": [0.5]}}, zipped(), "This is no publication"),
        (
            {"publication": 1, "digest": "0", "snapshot": {"standings": [], "tally": {"engine": "1"}}},
            zipped(),
            "no scores are public",
        ),
        (signed(publication(), b"no zip"), b"no zip", "This is no ZIP with SCORES.csv and W.csv and nothing else."),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(verify: Any, told: Any, packed: bytes, said: str) -> None:
    code, out, err = verify(told, packed)

    assert (code, out) == (2, "")
    assert said in err and err.startswith("contest verify: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("awards", None),
        ("awards.0", {"entry": 1}),
        ("round", []),
        ("scores.command", "contest tally 'SCORES.csv"),
        ("standings.0.score", [1, 0]),
        ("standings.0.score", "4/5"),
        ("standings.0.score", [10**400, 1]),
        ("standings.0.entry", "one"),
        ("standings.0", [1, 1]),
        ("standings.0.method_score", "high"),
        ("tally.options", "none"),
    ],
)
def test_a_publication_of_another_shape_is_no_difference(verify: Any, path: str, value: Any) -> None:
    """Neither a traceback nor the exit code that says: somebody published something else than the scores give."""
    code, out, err = verify(signed(changed(path, value), zipped()), zipped())

    assert (code, out) == (2, "")
    assert "not whole, or newer than this program" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "packed",
    [
        zipped(also=("SCORES.csv",)),
        zipped(also=("../README.txt",)),
        zipped(way=zipfile.ZIP_BZIP2),
        zipped(way=zipfile.ZIP_LZMA),
        zipped(weights=WEIGHTS + "\n" * 1_000_000, way=zipfile.ZIP_DEFLATED),
        zipped(way=zipfile.ZIP_DEFLATED).replace(b"SCORES.csv", b"SCORES.csv\xff\xff", 1),
        zipped().replace(b"C-0001,J1,idea,4", b"C-0001,J1,idea,5"),
    ],
    ids=["twice", "more", "bzip2", "lzma", "bomb", "broken", "checksum"],
)
def test_a_zip_that_is_not_like_ours_is_not_read(verify: Any, packed: bytes) -> None:
    code, out, err = verify(signed(publication(), packed), packed)

    assert (code, out) == (2, "")
    assert "This is no ZIP with SCORES.csv and W.csv and nothing else." in err


def test_what_a_stranger_wrote_stays_on_its_line(verify: Any) -> None:
    told = signed(changed("standings.1.rank", "\x1b[2K\nComputed again by mean"), zipped())

    code, out, _ = verify(told | {"publication": "7\nComputed again by mean"}, zipped())

    assert code == 1
    assert "\x1b" not in out
    assert [line.split()[0] for line in out.splitlines()] == ["Publication", "Differs:"]


def test_another_version_of_the_engine_is_told_where_something_differs(verify: Any) -> None:
    told = changed("standings.1.rank", 1)
    told["snapshot"]["tally"]["engine"] = "1"

    code, out, _ = verify(signed(told, zipped()), zipped())

    assert code == 1
    assert out.splitlines()[-1] == f"Note: published with engine 1, computed with {ENGINE_VERSION}."


def test_a_publication_that_another_replaced_is_named_as_such(verify: Any) -> None:
    told = signed(publication(), zipped()) | {"state": "superseded", "in_force": 9}

    code, out, err = verify(told, zipped())

    assert (code, err) == (0, "")
    assert out.splitlines()[2:] == ["No longer in force: publication 9 took its place."]


def test_a_publication_that_was_retracted_is_no_result(verify: Any) -> None:
    told = {"error": "retracted", "publication": 7, "reason": "The wrong\x1b[2J picture."}

    code, out, err = verify(told, zipped())

    assert (code, out) == (2, "")
    assert err == (
        "contest verify: Publication 7 was retracted, so nothing was compared. The reason: The wrong\ufffd[2J picture.\n"
    )
