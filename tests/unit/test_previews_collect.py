"""What the worker believes of a child that is in a stranger's hands."""

from __future__ import annotations

from pathlib import Path

import pytest

from contest.previews.collect import Collector
from contest.previews.outcome import TREE


@pytest.mark.parametrize(
    "tree",
    [b"[" * 1_000_000, b'[["a\\u0000b", 1]]', b'[["\\ud800", 1]]', b'[["", 1]]', b'[["a", -1]]', b'[["a"]]', b"{}"],
    ids=["deep", "nul", "half", "nameless", "negative", "short", "other"],
)
def test_a_tree_that_cannot_be_kept_fails_the_file(tmp_path: Path, tree: bytes) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / TREE).write_bytes(tree)
    collector = Collector(str(tmp_path), ())
    try:
        assert collector.hear({"event": "folder", "name": "job"}) is None
        result = collector.hear({"event": "tree"})
    finally:
        collector.close()
    assert result is not None
    assert (result.verdict, result.reason, result.tree) == ("failed", "crashed", ())
