#!/usr/bin/env python3
"""Fetch the browser code that we serve, and prove that the tree holds nothing else.

scripts/vendor.py            fetch each package of vendor.toml by `npm pack`; refuse what has other hashes
scripts/vendor.py --check    compare the files in the tree with vendor.toml, without a network
scripts/vendor.py --accept   fetch, and write the hashes found into vendor.toml: for a new version, to be reviewed
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "vendor.toml"
PLACE = ROOT / "contest" / "static" / "vendor"


def packages() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(LIST.read_text("utf-8"))["package"]
    return found


def folder(package: dict[str, Any]) -> Path:
    return PLACE / f"{package['name']}-{package['version']}"


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def check(root: Path = PLACE) -> list[str]:
    """What differs between vendor.toml and the tree, as sentences; an empty list if nothing does."""
    wanted: dict[str, str] = {}
    for package in packages():
        for name, digest in package["files"].items():
            wanted[f"{package['name']}-{package['version']}/{Path(name).name}"] = digest
    there = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    problems = [f"{name} is missing" for name in sorted(set(wanted) - set(there))]
    problems += [f"{name} is not in vendor.toml" for name in sorted(set(there) - set(wanted))]
    problems += [
        f"{name} has another hash than vendor.toml says"
        for name in sorted(set(there) & set(wanted))
        if sha256(there[name].read_bytes()) != wanted[name]
    ]
    return problems


def fetch(package: dict[str, Any], into: Path) -> tuple[str, dict[str, bytes]]:
    """The integrity of a package's archive, and the files that we take from it."""
    subprocess.run(
        ["npm", "pack", f"{package['name']}@{package['version']}", "--pack-destination", str(into)],
        check=True,
        capture_output=True,
    )
    [archive] = into.glob("*.tgz")
    body = archive.read_bytes()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode()
    taken = {}
    with tarfile.open(archive) as opened:
        for name in package["files"]:
            member = opened.extractfile(f"package/{name}")
            assert member is not None, f"{name} is no file of {package['name']}"
            taken[name] = member.read()
    return integrity, taken


def vendor(*, accept: bool) -> int:
    text = LIST.read_text("utf-8")
    for package in packages():
        with tempfile.TemporaryDirectory() as scratch:
            integrity, taken = fetch(package, Path(scratch))
        found = {name: sha256(body) for name, body in taken.items()}
        if accept:
            text = _accepted(text, package, integrity, found)
        elif (integrity, found) != (package["integrity"], package["files"]):
            print(f"{package['name']} {package['version']} is not what vendor.toml says; nothing is written.")
            return 1
        place = folder(package)
        for old in PLACE.glob(f"{package['name']}-*"):
            shutil.rmtree(old)
        place.mkdir(parents=True)
        for name, body in taken.items():
            (place / Path(name).name).write_bytes(body)
        print(f"{package['name']} {package['version']}: {len(taken)} files in {place.relative_to(ROOT)}")
    LIST.write_text(text, "utf-8")
    return 0


def _accepted(text: str, package: dict[str, Any], integrity: str, found: dict[str, str]) -> str:
    """vendor.toml with the hashes of one package."""
    start = text.index(f'name = "{package["name"]}"')
    end = text.find("[[package]]", start)
    head, part, tail = text[:start], text[start : end if end > 0 else None], text[end:] if end > 0 else ""
    part = re.sub(r'(?m)^integrity = ".*"$', f'integrity = "{integrity}"', part)
    for name, digest in found.items():
        part = re.sub(rf'(?m)^"{re.escape(name)}" = ".*"$', f'"{name}" = "{digest}"', part)
    return head + part + tail


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--accept", action="store_true")
    chosen = parser.parse_args()
    if not chosen.check:
        return vendor(accept=chosen.accept)
    problems = check()
    for problem in problems:
        print(f"static/vendor: {problem}.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
