"""Find what the tests need of the host, a Chromium and OpenGL; install what is missing, and say so.

As root on a Debian-like host it is the distribution's package, otherwise Playwright's own build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Path of a Chromium: named by CHROMIUM, on the PATH, or installed by Playwright."""
    named = os.environ.get("CHROMIUM")
    if named and Path(named).exists():
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install(*packages: str) -> None:
    """Install packages of a Debian-like host; needs root."""
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *packages]):
        _try(command)


def _try(command: list[str]) -> None:
    """Run a command that may fail, say without a network: what matters is asked afterwards."""
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        print(f"This failed: {' '.join(command)}", file=sys.stderr)


def main() -> int:
    debian = os.geteuid() == 0 and shutil.which("apt-get") is not None
    # Models in three dimensions are drawn by the host's OpenGL; without it they have an icon, and tests know.
    if debian and not find_library("EGL"):
        print("No OpenGL found: installing Debian's packages.", flush=True)
        install("libegl1", "libgl1-mesa-dri")
    if find():
        return 0
    if debian:
        print("No Chromium found: installing Debian's package.", flush=True)
        install("chromium")
    else:
        print("No Chromium found: installing Playwright's own.", flush=True)
        _try([sys.executable, "-m", "playwright", "install", "chromium"])
    if not find():
        print("No Chromium could be installed. Install one and set CHROMIUM to its path.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
