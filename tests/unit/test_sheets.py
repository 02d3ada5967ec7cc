"""Anonymity is a type: what a judging page can be given holds nothing about who made an entry."""

from __future__ import annotations

import dataclasses
import typing
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import pytest
from jinja2 import nodes

import contest
from contest.models import Base
from contest.previews import placeholder
from contest.services import sheets
from contest.services.sheets import CardView, JudgeSheet, Progress, Queue

TEMPLATES = Path(contest.__file__).parent / "templates"
JUDGING = sorted((TEMPLATES / "judging").glob("*.html"))

#: Values that a sheet may be made of, besides its own types.
PLAIN = {str, int, bool, datetime, type(None)}

#: Words that no field of a sheet may have in its name.
TELLING = {
    "entry",
    "entrant",
    "account",
    "author",
    "credit",
    "email",
    "mail",
    "country",
    "original",
    "key",
    "sha256",
    "id",
    "uuid",
    "number_of_entry",
    "submitted_at",
    "created_at",
    "sealed_at",
    "accepted_at",
    "revision",
}


def parts(hint: Any) -> set[Any]:
    """The classes in a type: those of its arguments, all the way down."""
    arguments = [part for part in typing.get_args(hint) if part is not Ellipsis]
    if not arguments:
        return {hint}
    origin = typing.get_origin(hint)
    found = set() if origin in (tuple, Mapping, typing.Union) or "UnionType" in str(origin) else {origin}
    return found.union(*(parts(part) for part in arguments))


def field_types(kind: type, seen: set[type]) -> set[Any]:
    """The classes of all fields of a dataclass and of those in them."""
    if kind in seen:
        return set()
    seen.add(kind)
    found: set[Any] = set()
    for hint in typing.get_type_hints(kind).values():
        for part in parts(hint):
            found.add(part)
            if dataclasses.is_dataclass(part):
                found |= field_types(part, seen)
    return found


@pytest.mark.parametrize("kind", [JudgeSheet, Queue, sheets.Difference])
def test_all_fields_are_plain_values_all_the_way_down(kind: type) -> None:
    seen: set[type] = set()

    found = field_types(kind, seen)

    assert found - PLAIN - set(sheets.SHEET_TYPES) == set()
    assert not [part for part in found if isinstance(part, type) and issubclass(part, Base)]
    assert seen <= set(sheets.SHEET_TYPES)


def test_every_type_of_the_module_is_listed_and_frozen() -> None:
    defined = {kind for kind in vars(sheets).values() if isinstance(kind, type) and dataclasses.is_dataclass(kind)}

    assert defined == set(sheets.SHEET_TYPES)
    assert all(kind.__dataclass_params__.frozen for kind in defined)


def test_no_field_is_named_after_what_would_tell() -> None:
    names = {item.name for kind in sheets.SHEET_TYPES for item in dataclasses.fields(kind)}

    # A criterion's key is the organiser's word for it.
    assert names & TELLING == {"key"}
    assert next(item.name for item in dataclasses.fields(sheets.SheetCriterion)) == "key"


#: What a judging template may read besides the sheet's names: of Jinja, of our helpers, of the judge.
HELPERS = {
    "index",
    "first",
    "last",
    "previtem",  # loop
    "zone",  # the judge's own
    "denial",
    "conflict",
    "recusal_kind",
    "flag_kind",
    "kind_name",
    "kind_mark",
    "page_name",
    "file_facts",  # contest.texts
    "kind",
    "reason",  # the form for stepping back
    "words",
    "anything",
    "unsent",
    "errors",  # the form to the app team
    "get",
    "items",  # of mappings
    "prototype_url",  # whether this site shows prototypes at all
    "clip_ms",  # a fact of a video: that a copy for viewing was made
}


@pytest.mark.parametrize("path", JUDGING, ids=lambda path: path.name)
def test_judging_templates_read_nothing_but_the_sheets_names(path: Path) -> None:
    tree = jinja2.Environment(extensions=["jinja2.ext.i18n"]).parse(path.read_text("utf-8"))

    read = {node.attr for node in tree.find_all(nodes.Getattr)}
    read |= {
        node.arg.value
        for node in tree.find_all(nodes.Getitem)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str)
    }
    called = {
        word.arg.value if isinstance(word, nodes.Getitem) else word.attr
        for word in tree.find_all((nodes.Getattr,))
        if isinstance(word.node, nodes.Name) and word.node.name in ("texts", "loop", "actor", "form")
    }

    assert read - sheets.names() - called <= HELPERS
    assert called <= HELPERS
    assert not {"entry", "assignment", "revision", "account"} & {node.name for node in tree.find_all(nodes.Name)}


def test_the_reading_of_templates_sees_a_leak() -> None:
    tree = jinja2.Environment().parse("{{ sheet.entrant.email }}{{ sheet['account'] }}")

    assert {node.attr for node in tree.find_all(nodes.Getattr)} - sheets.names() - HELPERS == {"entrant", "email"}


def test_judging_views_pass_only_sheets_to_their_templates() -> None:
    source = (Path(contest.__file__).parent / "blueprints" / "judging.py").read_text("utf-8")

    assert "contest.models" not in source


def test_progress_adds_up() -> None:
    assert Progress(all=40, judged=12, draft=3, skipped=3, conflict=2, open=20).to_go == 23


def test_a_card_knows_whether_values_are_its_own() -> None:
    card = CardView(version=2, levels={"a": 3}, note="n", comment="c")

    assert card.same_as({"a": 3, "b": None}, "n", "c")
    assert not card.same_as({"a": 4}, "n", "c")
    assert not card.same_as({"a": 3, "b": 1}, "n", "c")
    assert not card.same_as({"a": 3}, "x", "c")
    assert not card.same_as({"a": 3}, "n", "x")


def test_pictures_choose_their_sizes() -> None:
    sizes = tuple(sheets.PictureSize(str(edge), edge, edge) for edge in (320, 1280, 2560))

    assert sheets.Picture(1, 1, 1, "", sizes).shown == sizes[1]
    assert sheets.Picture(1, 1, 1, "", sizes[:1]).shown == sizes[0]
    assert sheets.Picture(1, 1, 1, "", sizes).small == sizes[0]


def test_a_placeholder_stands_in_the_page_itself() -> None:
    sizes = (sheets.PictureSize("320", 320, 160),)
    digits = placeholder.encode(2, 1, bytes((200, 30, 30, 255, 30, 30, 200, 255))).hex()

    address = sheets.Picture(1, 1, 1, "", sizes, placeholder=digits).waiting

    assert b64decode(address.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert len(address) < 2000
    # What is transparent shows its ground, not its placeholder; words that are no placeholder are none.
    assert sheets.Picture(1, 1, 1, "", sizes, placeholder=digits, facts={"alpha": 1}).waiting == ""
    assert sheets.Picture(1, 1, 1, "", sizes, placeholder="00" * 6).waiting == ""
    assert sheets.Picture(1, 1, 1, "", sizes).waiting == ""
