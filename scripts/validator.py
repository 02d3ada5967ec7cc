"""Fetch the Nu Html Checker for the test of the pages' HTML. It needs Java; without it html5lib reads alone.

python scripts/validator.py
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE, VERSION = "vnu-jar", "26.9.27"
SHA256 = "22f15dd39a33bed929d2a5c0cddf5946849a647eca9272bf4d5d00bc7e7a4d47"


def home() -> Path:
    """Where the checker is kept: outside of the tree, shared by every checkout of this account."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "contest" / f"{PACKAGE}-{VERSION}.jar"


def find() -> Path | None:
    """The checker's archive, where it and a Java to run it are there: VNU_JAR, or fetched before."""
    if not shutil.which("java"):
        return None
    jar = Path(os.environ["VNU_JAR"]) if os.environ.get("VNU_JAR") else home()
    return jar if jar.is_file() else None


def check(jar: Path, folder: Path) -> str:
    """Read every page of a folder in one run; gives the checker's messages as JSON."""
    answer = subprocess.run(
        ["java", "-Xss1m", "-jar", str(jar), "--format", "json", "--exit-zero-always", "--skip-non-html", str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stderr


def fetch(jar: Path) -> None:
    jar.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jar.parent) as folder:
        subprocess.run(
            ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        [archive] = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as packed:
            member = packed.extractfile("package/build/dist/vnu.jar")
            if member is None:
                raise SystemExit(f"{PACKAGE} {VERSION} holds no vnu.jar")
            body = member.read()
        if hashlib.sha256(body).hexdigest() != SHA256:
            raise SystemExit(f"{PACKAGE} {VERSION} is not the archive that we know")
        part = jar.with_suffix(".part")
        part.write_bytes(body)
        part.replace(jar)


def main() -> int:
    if not shutil.which("java") or not shutil.which("npm"):
        print("The checker needs java and npm. Without it the tests read pages with html5lib alone.", file=sys.stderr)
        return 1
    if not home().is_file():
        fetch(home())
    print(home())
    return 0


if __name__ == "__main__":
    sys.exit(main())
