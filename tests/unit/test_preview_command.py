"""`contest preview`: the renderer on local files, without any service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contest import cli
from contest.previews import command, webp
from contest.previews.outcome import PRESETS, REASONS, VERDICTS
from tests.samples import packages
from tests.samples.packages import png, zipped
from tests.samples.video import film

ROOT = Path(__file__).resolve().parents[2]


def started(*arguments: object, stdout: Any = subprocess.PIPE) -> subprocess.Popen[str]:
    """The command in an environment without any setting; no program is started for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "contest.cli", "preview", "--tools", "", *map(str, arguments)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(*arguments: object) -> tuple[int, str, str]:
    process = started(*arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_each_file_gets_a_line_and_its_outputs(tmp_path: Path) -> None:
    """One run over all that may be named on a command line."""
    out = tmp_path / "out"
    (tmp_path / "below").mkdir()
    (tmp_path / "a.png").write_bytes(png(400, 300))
    (tmp_path / "below" / "a.png").write_bytes(png(90, 40))
    (tmp_path / "pack.zip").write_bytes(packages.mixed())
    (tmp_path / "site.zip").write_bytes(packages.prototype())
    (tmp_path / "slip.zip").write_bytes(zipped({"../a.png": png()}))
    (tmp_path / "film.mov").write_bytes(film("mov", "prores_ks", pixels="yuv422p10le"))
    (tmp_path / "notes.txt").write_text("Hello.")
    (tmp_path / "empty.png").touch()
    os.mkfifo(tmp_path / "pipe")
    files = [
        *("a.png", "below/a.png", "pack.zip", "site.zip", "slip.zip", "film.mov", "notes.txt", "empty.png"),
        *("below", "pipe", "missing.png"),
    ]
    (out / "a.png.previews").mkdir(parents=True)
    (out / "a.png.previews" / "7-320.webp").write_bytes(b"of an earlier run")

    code, said, _ = ran(*(tmp_path / file for file in files), "--out", out, "--json")
    lines = [json.loads(line) for line in said.splitlines()]
    told = {os.path.relpath(line["file"], tmp_path): line for line in lines}
    assert code == 1
    assert list(told) == files
    verdicts = {file: (line["kind"], line["verdict"], line["reason"]) for file, line in told.items()}
    assert verdicts == {
        "a.png": ("png", "ready", None),
        "below/a.png": ("png", "ready", None),
        "pack.zip": ("zip", "ready", None),
        "site.zip": ("prototype", "icon", "no_tool"),
        "slip.zip": ("zip", "refused", "zip_unsafe"),
        "film.mov": ("mov", "ready", None),
        "notes.txt": (None, "icon", "kind"),
        "empty.png": (None, "failed", "unreadable"),
        "below": (None, None, None),
        "pipe": (None, None, None),
        "missing.png": (None, None, None),
    }
    assert all(told[file]["error"] for file in ("below", "pipe", "missing.png"))
    check_outputs(lines, out)
    first, other = told["a.png"], told["below/a.png"]
    assert (first["pages"], first["width"], first["height"]) == (1, 400, 300)
    assert (other["width"], other["height"]) == (90, 40)
    assert first["cpu_s"] > 0
    assert first["peak_mb"] > 1
    assert [output["preset"] for output in first["outputs"]] == list(PRESETS)
    pack = told["pack.zip"]
    assert (pack["pages"], pack["facts"]) == (3, {"members": 4})
    assert [member["page"] for member in pack["tree"]] == [2, 1, 3, 0]
    assert [output["preset"] for output in told["site.zip"]["outputs"]] == ["site"]
    assert told["film.mov"]["outputs"][-1]["preset"] == "mp4"
    assert told["film.mov"]["facts"]["clip_ms"] == 3000


def check_outputs(lines: list[dict[str, Any]], out: Path) -> None:
    """Each output is where it is said to be, is as large as it is said to be, and there is no other file."""
    named = [output for line in lines for output in line["outputs"]]
    for output in named:
        data = Path(output["path"]).read_bytes()
        assert len(data) == output["bytes"]
        if output["preset"] in PRESETS:
            assert webp.measure(data) == (output["width"], output["height"])
    assert sorted(output["path"] for output in named) == sorted(
        str(path) for path in out.rglob("*.*") if path.is_file()
    )
    assert not [path for path in out.iterdir() if not any(path.iterdir())]


def test_for_a_person_the_reason_is_a_sentence(tmp_path: Path) -> None:
    odd = tmp_path / "a\x1b[31m.fig"
    odd.write_bytes(b"fig-kiwi" + bytes(100))
    (tmp_path / "b.png").write_bytes(png())
    code, said, warned = ran(odd, tmp_path / "b.png")
    assert code == 0
    assert "\x1b" not in said + warned
    icon, meaning, ready = said.splitlines()
    assert "a\\x1b[31m.fig: icon (nothing_inside): fig" in icon
    assert meaning.strip() == "The Figma file holds no picture of itself. Add a PNG or PDF export."
    assert "b.png: ready: png, 160 × 90, 3 previews" in ready
    assert sorted(path.name for path in tmp_path.iterdir()) == [odd.name, "b.png"]


def test_what_makes_no_sense_is_a_matter_of_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(png())
    with pytest.raises(SystemExit, match="2"):
        cli.main(["preview"])
    assert cli.main(["preview", str(picture), "--tools", "emacs"]) == 2
    assert cli.main(["preview", str(picture), "--tools", "", "--out", str(picture / "below")]) == 2
    warned = capsys.readouterr().err
    assert "no such program: emacs" in warned
    assert f"Not a directory: {picture / 'below'}" in warned
    for presets in ("", ",", "tiles,moving", "99"):
        assert cli.main(["preview", str(picture), "--tools", "", "--presets", presets]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("name at least one size: 320, 1280, 2560\n") == 3


@pytest.mark.parametrize("reader", ["stays", "leaves"])
def test_it_stops_at_once_and_leaves_nothing_behind(tmp_path: Path, reader: str) -> None:
    (tmp_path / "a.png").write_bytes(png(900, 700))
    out = tmp_path / "out"
    process = started(*[tmp_path / "a.png"] * 400, "--out", out, "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    first = json.loads(process.stdout.readline())
    assert first["verdict"] == "ready"
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    if reader == "leaves":
        process.stdout.close()
    else:
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    warned = process.stderr.read()
    assert process.wait(timeout=30) == (1 if reader == "leaves" else 130)
    assert "Traceback" not in warned
    assert not Path(f"/proc/{child}").exists()
    assert len(list(out.iterdir())) < 300
    assert all(len(list(folder.iterdir())) == 3 for folder in out.iterdir())


def test_what_cannot_be_written_is_the_hosts_fault(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    (tmp_path / "a.png.previews").touch()
    (tmp_path / "b.png").write_bytes(png())
    code, said, _ = ran(tmp_path / "a.png", tmp_path / "b.png", "--out", tmp_path, "--presets", "320")
    assert code == 1
    first, second = said.splitlines()
    assert first == f"{tmp_path / 'a.png'}: no verdict: File exists: {tmp_path / 'a.png.previews'}"
    assert "ready: png, 160 × 90, 1 preview," in second


def test_a_full_disk_behind_the_answer_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    with Path("/dev/full").open("w") as nowhere:
        process = started(tmp_path / "a.png", "--presets", "320", stdout=nowhere)
    _, warned = process.communicate(timeout=60)
    assert process.returncode == 1
    assert warned.endswith("contest preview: No space left on device\n")
    assert "Traceback" not in warned


def test_equal_names_get_folders_of_their_own(tmp_path: Path) -> None:
    files = ["a.png", "b/A.PNG", "c/a.png", "a.png-2", "x" * 255]
    names = [folder.name for folder in command._folders(tmp_path, files) if folder is not None]
    assert len({name.casefold() for name in names}) == len(files)
    assert names[0] == "a.png.previews"
    for name in names:
        (tmp_path / name).mkdir()


def test_every_verdict_has_words() -> None:
    from contest.texts.files import preview_state

    for verdict in VERDICTS - {"ready"}:
        for reason in REASONS:
            assert preview_state(verdict, reason, "png")
