"""Every example of the organisers' guide gives what the guide prints, and its figures are the script's."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from contest import cli
from contest.scoring.methods import METHODS

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/using/scoring.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
FILES = {name: text for kind, name, text in BLOCK.findall(GUIDE) if kind == "csv"}


def examples():
    """Each command of the guide with the lines that it must print, in their order."""
    found = []
    for kind, _, text in BLOCK.findall(GUIDE):
        if kind != "console":
            continue
        for line in text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(" ".join(line.split()))
    return found


@pytest.fixture
def files(tmp_path, monkeypatch):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command, printed", examples(), ids=[command for command, _ in examples()])
def test_the_example_prints_what_the_guide_says(command, printed, files, capsys):
    program, *arguments = shlex.split(command)
    code = cli.main(arguments)
    out, err = capsys.readouterr()
    told = [" ".join(line.split()) for line in (out + err).splitlines()]
    assert (program, bool(code)) == ("contest", bool(err))
    assert printed, "an example without digits shows nothing"
    if code:
        # The command's own name stands before the sentence.
        assert [line.partition(": ")[2] for line in told] == printed
    else:
        assert [line for line in told if line in printed] == printed, out
        # A whole ranking, not its best rows.
        ranking = re.compile(r"=?\d+ ")
        assert list(filter(ranking.match, told)) == list(filter(ranking.match, printed))


def test_every_method_has_an_example_and_a_row():
    used = {
        words[words.index("--method") + 1] if "--method" in words else "mean"
        for words in (shlex.split(command) for command, _ in examples())
        if words[1] == "tally"
    }
    assert used == set(METHODS)
    section = GUIDE.partition("## Which method when")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| [^|]+ \| `([a-z][a-z-]+)` \|", section, re.M)) == set(METHODS)


def test_the_figures_come_from_the_script():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import scoring_simulation as simulation
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    header, *lines = [line for line in GUIDE.splitlines() if line.startswith(("| design |", "| judges at", "| three"))]
    assert header == "| design | " + " | ".join(simulation.METHODS) + " |"
    assert [line.split(" | ")[0][2:] for line in lines] == list(simulation.DESIGNS)
    # Two runs of one design, as a whole run would take minutes: the same order of size as the printed means.
    found = simulation.measure(simulation.DESIGNS["judges at random, severity SD .7"], ("mean", "additive"), 2, 1)
    printed = dict(zip(simulation.METHODS, re.findall(r"\.\d{3}", lines[0]), strict=True))
    for name, value in found.items():
        assert value is not None
        assert value[0] == pytest.approx(float(printed[name]), abs=0.08)
    unlinked = simulation.measure(
        simulation.DESIGNS["three panels of unequal quality, not linked"], ("additive",), 2, 1
    )
    assert unlinked == {"additive": None}
