"""contest demo: starts, refuses a second start, keeps its data, ends whole, survives kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.waiting import until

ROOT = Path(__file__).parent.parent.parent


class Demo:
    """One `contest demo` process on a folder, and everything that it started."""

    def __init__(self, data: Path, *options: str) -> None:
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.data = data
        self.log = (data.parent / "demo.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "contest.cli", "demo", "--data", str(data), *options],
            cwd=ROOT,
            env=environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def facts(self) -> dict[str, object]:
        return dict(json.loads((self.data / "demo.json").read_text("utf-8")))

    def ready(self, seconds: float) -> None:
        began = time.time()

        def answers() -> bool:
            assert self.process.poll() is None, self.said
            path = self.data / "demo.json"
            if not path.exists() or path.stat().st_mtime < began - 1:
                return False
            try:
                with urllib.request.urlopen(f"{self.facts['base_url']}/readyz", timeout=5) as answer:
                    return answer.status == 200
            except (OSError, urllib.error.HTTPError):
                return False

        until(answers, seconds)

    @property
    def said(self) -> str:
        return (self.data.parent / "demo.log").read_text("utf-8")

    def family(self) -> list[int]:
        """Every process whose command line names the folder, or that works for one that does."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if str(self.data).encode() in words or self.mark in words:
                found.append(int(entry.name))
        return [pid for pid in found if pid != os.getpid()]

    @property
    def mark(self) -> bytes:
        """A secret of this folder, which only the processes of this demo have in their environment."""
        return str(json.loads((self.data / "secrets.json").read_text("utf-8"))["secret_key"]).encode()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(15)
        self.log.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def start(*options: str) -> Demo:
        started.append(Demo(tmp_path / "data", *options))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def test_a_demo_starts_refuses_a_second_ends_whole_and_keeps_its_data(demo: Callable[..., Demo]) -> None:
    first = demo("--empty")
    first.ready(60)
    facts = first.facts
    assert [person["email"] for person in facts["accounts"]["admin"]] == ["admin@contest.example"]  # type: ignore[index]
    assert oct((first.data / "secrets.json").stat().st_mode & 0o777) == "0o600"
    assert oct((first.data / "demo.json").stat().st_mode & 0o777) == "0o600"

    second = demo("--empty")
    assert second.process.wait(20) == 3
    assert str(facts["base_url"]) in second.said

    assert len(first.family()) > 6
    first.process.send_signal(signal.SIGTERM)
    until(lambda: first.family() == [], 30)
    assert first.process.wait(5) == 0

    third = demo("--empty")
    third.ready(30)
    assert third.facts == facts


def test_after_kill_nothing_is_left_and_the_next_start_recovers(demo: Callable[..., Demo]) -> None:
    first = demo("--empty")
    first.ready(60)
    facts = first.facts

    first.process.kill()
    until(lambda: first.family() == [], 30)

    again = demo("--empty")
    again.ready(30)
    assert again.facts == facts


def test_a_demo_refuses_production(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "contest.cli", "demo", "--data", str(tmp_path / "data")],
        cwd=ROOT,
        text=True,
        env=os.environ | {"CONTEST_ENV": "production"},
        capture_output=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert "not for production" in ended.stderr


def test_reset_leaves_a_folder_alone_that_is_not_a_demos(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")

    ended = subprocess.run(
        [sys.executable, "-m", "contest.cli", "demo", "--reset", "--data", str(folder)],
        cwd=ROOT,
        text=True,
        env=os.environ,
        capture_output=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert (folder / "thesis.txt").read_text() == "years of work"
