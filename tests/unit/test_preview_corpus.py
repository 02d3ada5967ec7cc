"""Real and hostile files of others, through the command line: each gets the verdict that their list expects.

Where the folder is not there, a file of our own stands for them.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contest.previews import tools
from tests.samples.packages import png

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
OWN = "own.png"
MEANS = {"ready": "preview", "damaged": "preview", "icon": "icon", "failed": "reject", "refused": "reject"}


def expected() -> dict[str, str]:
    """File → what may become of it: preview, reject and icon, separated by bars."""
    manifest = CORPUS / "manifest.tsv"
    rows = list(csv.DictReader(manifest.read_text().splitlines(), delimiter="\t")) if manifest.exists() else []
    found = {row["file"]: row["expected"] for row in rows}
    if tools.find(["ghostscript"]) is None:
        found |= {row["file"]: "icon" for row in rows if row["kind"] == "eps"}
    return {OWN: "preview"} | found


EXPECTED = expected()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """File → its line. Only the smallest pictures are wanted, and of models, which take long, one view."""
    own = tmp_path_factory.mktemp("corpus") / OWN
    own.write_bytes(png())
    models = [name for name in EXPECTED if name.startswith("model3d/")]
    found = ran([str(CORPUS / name) for name in models], "--quick") if models else {}
    found |= ran([str(own if name == OWN else CORPUS / name) for name in EXPECTED if name not in models])
    return {name: found[str(own if name == OWN else CORPUS / name)] for name in EXPECTED}


def ran(files: list[str], *options: str) -> dict[str, dict[str, Any]]:
    run = subprocess.run(
        [sys.executable, "-m", "contest.cli", "preview"]
        + ["--json", "--presets", "320", "--tools", "ghostscript", *options, *files],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
        capture_output=True,
        check=True,
    )
    return {line["file"]: line for line in map(json.loads, run.stdout.splitlines())}


@pytest.mark.parametrize("name", EXPECTED)
def test_it_ends_as_expected(told: dict[str, dict[str, Any]], name: str) -> None:
    line = told[name]
    assert MEANS[line["verdict"]] in EXPECTED[name].split("|"), line
    assert line["reason"] not in ("crashed", "timeout", "memory"), line
    assert bool(line["outputs"]) == (line["verdict"] in ("ready", "damaged"))
    assert line["peak_mb"] < 600
