"""Browser code of others: what the tree holds is what vendor.toml says, and modules name it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STATIC = ROOT / "contest" / "static"
sys.path.insert(0, str(ROOT / "scripts"))
import vendor  # noqa: E402


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(vendor.PLACE, tmp_path / "vendor")
    return tmp_path / "vendor"


def test_the_tree_holds_what_the_list_says() -> None:
    assert vendor.check() == []
    assert [(package["name"], package["version"], package["licence"]) for package in vendor.packages()] == [
        ("htmx.org", "4.0.1", "0BSD"),
        ("openseadragon", "6.1.1", "BSD-3-Clause"),
    ]


def test_every_package_brings_its_licence_and_the_digest_of_its_archive() -> None:
    for package in vendor.packages():
        assert package["integrity"].startswith("sha512-"), package["name"]
        assert any(Path(name).name.upper().startswith("LICEN") for name in package["files"]), package["name"]


@pytest.mark.parametrize("change", ["changed", "left over", "missing"])
def test_a_difference_is_told(copy: Path, change: str) -> None:
    file = copy / "htmx.org-4.0.1" / "htmx.esm.min.js"
    if change == "changed":
        file.write_bytes(file.read_bytes() + b" ")
    elif change == "left over":
        (copy / "htmx.org-4.0.1" / "extra.js").write_text("1")
    else:
        file.unlink()

    [problem] = vendor.check(copy)

    assert {
        "changed": "htmx.org-4.0.1/htmx.esm.min.js has another hash than vendor.toml says",
        "left over": "htmx.org-4.0.1/extra.js is not in vendor.toml",
        "missing": "htmx.org-4.0.1/htmx.esm.min.js is missing",
    }[change] == problem


def test_modules_name_the_folders_that_are_there() -> None:
    named = [
        line for path in STATIC.glob("*.js") for line in path.read_text("utf-8").splitlines() if "/vendor/" in line
    ]

    assert len(named) == 3
    for line in named:
        assert (STATIC / line.split('"')[1]).is_file(), line
