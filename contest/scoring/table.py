"""Bytes of a CSV file → rows of texts and exact numbers, or one sentence on what is wrong and where.

Read are UTF-8 (with a byte order mark or without), UTF-16 with one, and cp932, which Excel writes in Japan;
commas, semicolons or tabs, whichever the header has; quoted fields; any line ends; blank lines. Columns may
stand in any order, and capitals and spaces in the header do not matter.

Numbers are decimals, written with a point, or with a comma where semicolons separate the columns (never both
in one file). Full-width digits and signs, as a Japanese keyboard types them, count as ASCII. No other
compatibility form does: 5² is not 52.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from contest.scoring.refusals import Refused

#: A file with more rows is not a contest.
MOST_ROWS = 5_000_000
#: A name or number with more characters is a slipped quotation mark.
MOST_CHARACTERS = 1_000
#: Digits before the point and after it: more than any float prints, few enough to stay fast.
MOST_DIGITS, MOST_PLACES = 15, 30

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_NUMBER = re.compile(r"([+-]?)([0-9]*)(?:([.,])([0-9]*))?(?:[eE]([+-]?[0-9]{1,3}))?")
#: Full-width forms of printable ASCII.
_NARROW = {0xFF01 + number: 0x21 + number for number in range(94)} | {0x3000: 0x20}
#: Invisible characters that belong into names of some languages: zero-width joiner and non-joiner.
_JOINERS = "\u200c\u200d"
#: What no text holds: NUL, and what cp932 makes of bytes that it has no sign for.
_NOT_TEXT = "\0\uf8f0\uf8f1\uf8f2\uf8f3"
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class Unreadable(Refused):
    """A file that is not what it should be. Only those who bring files of their own see these: the command line."""


class Wrong(Exception):
    """What is wrong with a cell, without the line: code, sentence and facts of the refusal."""

    def __init__(self, code: str, sentence: str, **facts: Any) -> None:
        super().__init__(code)
        self.code, self.sentence, self.facts = code, sentence, facts


def shown(text: str) -> str:
    """A text from a file as a sentence may repeat it: short, in quotation marks, safe on a terminal."""
    safe = "".join(sign if sign.isprintable() else "\ufffd" for sign in text[:41])
    return f"“{safe[:40]}…”" if len(safe) > 40 else f"“{safe}”"


class Table:
    """A CSV file, row by row. `what` names it in sentences: "scores", "weights"."""

    def __init__(self, data: bytes, what: str) -> None:
        self.what = what
        #: Read as cp932, which fits many bytes that are not Japanese: names may look wrong.
        self.guessed = False
        encoding = self._encoding(data)
        self._file = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
        first = next((line for line in self._file if line.strip(' \t\r\n,;"')), "")
        # The delimiter under which most cells are names that a column may have; then the one with most cells.
        self.delimiter = max(_DELIMITERS, key=lambda sign: self._fit(first, sign))
        self._file.seek(0)
        self._rows = csv.reader(self._file, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        #: The names of the columns, in the file's order.
        self.columns = self._header()

    def _encoding(self, data: bytes) -> str:
        marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp932"):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            if not any(sign in text for sign in _NOT_TEXT):
                self.guessed = encoding == "cp932"
                return encoding
        raise Unreadable(
            "not_text",
            "The file of {what} is not a text in UTF-8, UTF-16 or cp932: save it as “CSV UTF-8”.",
            what=self.what,
        )

    @staticmethod
    def _fit(line: str, delimiter: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
        except csv.Error:  # A long line, which another sign parts.
            return 0, 0
        return sum(_column(cell) in _COLUMNS for cell in cells), len(cells)

    def _header(self) -> tuple[str, ...]:
        names = next(([_column(cell) for cell in row] for row in self._read() if any(map(str.strip, row))), [""])
        while names and not names[-1]:
            names.pop()  # Spreadsheets write empty columns behind the last.
        if not names:
            raise Unreadable("empty_file", "The file of {what} is empty.", what=self.what)
        if twice := sorted(name for name, times in Counter(names).items() if times > 1):
            raise Unreadable(
                "column_twice",
                "The file of {what} has the column {column} more than once.",
                what=self.what,
                column=shown(twice[0]),
            )
        return tuple(names)

    @property
    def line(self) -> int:
        """The line of the file that was read last, from 1."""
        return self._rows.line_num

    def refused(self, wrong: Wrong, line: int | None = None) -> Unreadable:
        """What is wrong with a cell, as a refusal that says the line."""
        return Unreadable(
            wrong.code,
            "Line {line} of the {what}: " + wrong.sentence,
            line=line or self.line,
            what=self.what,
            **wrong.facts,
        )

    @contextmanager
    def located(self) -> Iterator[None]:
        """Whatever is wrong with a cell that is handled inside is said with the line that was read last."""
        try:
            yield
        except Wrong as wrong:
            raise self.refused(wrong) from None

    def require(self, needed: Sequence[str], optional: Sequence[str], wanted: str) -> None:
        """Raise Unreadable unless the needed columns are there, and no other than the optional ones."""
        known = {*needed, *optional}
        unknown = [shown(name) for name in self.columns if name not in known]
        missing = [name for name in needed if name not in self.columns]
        if unknown or missing:
            if unknown:
                code = "unknown_column"
                what = f"{'an unknown column' if len(unknown) == 1 else 'unknown columns'}: {', '.join(unknown[:5])}"
            else:
                code, what = "missing_column", f"no column {', '.join(missing)}"
            raise Unreadable(
                code,
                "The file of {what} has {problem}; wanted is {wanted} (read as separated by {delimiter}).",
                what=self.what,
                problem=what,
                wanted=wanted,
                delimiter=_DELIMITERS[self.delimiter],
            )

    def rows(self, columns: Sequence[str]) -> Iterator[Sequence[str]]:
        """The cells of these columns (two or more), row by row, without blank rows. Raises Unreadable."""
        cells = itemgetter(*map(self.columns.index, columns))
        width, count = len(self.columns), 0
        for row in self._read():
            if len(row) != width or not row[0].strip():
                if not any(map(str.strip, row)):
                    continue
                if len(row) < width or any(map(str.strip, row[width:])):
                    raise self.refused(
                        Wrong(
                            "ragged",
                            "{fields} fields, where the header has {columns}.",
                            fields=len(row),
                            columns=width,
                        )
                    )
            count += 1
            if count > MOST_ROWS:
                raise self.refused(Wrong("too_many_rows", "more than {most} rows are too many.", most=MOST_ROWS))
            yield cells(row)
        if not count:
            raise Unreadable(
                "no_rows",
                "The file of {what} has a header, and no line beneath it.",
                what=self.what,
            )

    def _read(self) -> Iterator[list[str]]:
        try:
            yield from self._rows
        except csv.Error:
            raise self.refused(
                Wrong("bad_quotes", "a quotation mark is not closed, or stands within a field without being doubled.")
            ) from None


_COLUMNS = {"entry", "judge", "criterion", "score", "rank", "count", "winner", "loser", "weight", "points"}


def _column(cell: str) -> str:
    return "".join(unicodedata.normalize("NFKC", cell).split()).casefold()


class Names(dict[str, int]):
    """A cell's text → the number of the name that it is. Names are trimmed and in Unicode's form NFC."""

    def __init__(self, column: str, *, optional: bool = False) -> None:
        self.column = column
        self.optional = optional
        #: Name → number, in the order of their first appearance.
        self.numbers: dict[str, int] = {}

    def __missing__(self, text: str) -> int:
        # Most cells repeat: only a new spelling comes here.
        _short(text)
        name = unicodedata.normalize("NFC", text.strip())
        if not name and not self.optional:
            raise Wrong("no_name", "the field {column} is empty.", column=self.column)
        if not name.isprintable() and any(
            unicodedata.category(sign) in _INVISIBLE and sign not in _JOINERS for sign in name
        ):
            raise Wrong(
                "control_character",
                "{value} holds an invisible or control character: no {column} may.",
                value=shown(name),
                column=self.column,
            )
        self[text] = number = self.numbers.setdefault(name, len(self.numbers))
        return number


class Numbers(dict[str, int]):
    """A cell's text → the number of its exact value, `digits[number]` / 10^`places[number]` in lowest terms.

    `comma` allows decimal commas.
    """

    def __init__(self, column: str, *, comma: bool = False) -> None:
        self.column = column
        self.comma = comma
        self.digits: list[int] = []
        self.places: list[int] = []
        self._mark = ""

    def __missing__(self, text: str) -> int:
        # Most cells repeat: only a new spelling comes here.
        digits, places = self._parsed(text)
        self[text] = number = len(self.digits)
        self.digits.append(digits)
        self.places.append(places)
        return number

    def _parsed(self, text: str) -> tuple[int, int]:
        _short(text)
        plain = (text if text.isascii() else text.translate(_NARROW)).strip()
        if not plain:
            raise Wrong(
                "no_number", "the field {column} is empty: write a number, or leave the line out.", column=self.column
            )
        found = _NUMBER.fullmatch(plain)
        if not found or not (found[2] or found[4]):
            raise Wrong("not_a_number", "the {column} {value} is not a number.", column=self.column, value=shown(text))
        sign, whole, mark, fraction, exponent = found.groups("")
        if mark != self._mark:
            self._decimal(mark, text)
        # Without the zeros at either end; what is left says the value and how long it is.
        figures = (whole + fraction).lstrip("0")
        kept = figures.rstrip("0")
        places = len(fraction) - int(exponent or 0) - len(figures) + len(kept)
        if not kept:
            return 0, 0
        if len(kept) - places > MOST_DIGITS or places > MOST_PLACES:
            raise Wrong(
                "too_long_a_number",
                "the {column} {value} has more than {digits} digits before the point or {places} after it.",
                column=self.column,
                value=shown(text),
                digits=MOST_DIGITS,
                places=MOST_PLACES,
            )
        value = int(sign + kept)
        return (value * 10**-places, 0) if places < 0 else (value, places)

    def _decimal(self, mark: str, text: str) -> None:
        """Take note of a file's decimal sign. Raises Wrong for one that it cannot have."""
        if mark == "," and not self.comma:
            raise Wrong(
                "decimal_comma",
                "the {column} {value} has a comma: write a point, or separate the columns by semicolons.",
                column=self.column,
                value=shown(text),
            )
        if mark and self._mark:
            raise Wrong(
                "mixed_decimals",
                "the {column} {value} has another decimal sign than those before: use one, and none for thousands.",
                column=self.column,
                value=shown(text),
            )
        self._mark = mark or self._mark

    def scaled(self) -> tuple[list[int], int]:
        """All values as integers, and their common unit: value k is the first's k / the second."""
        most = max(self.places, default=0)
        return [
            digits * 10 ** (most - places) for digits, places in zip(self.digits, self.places, strict=True)
        ], 10**most

    def texts(self) -> list[str]:
        """Each value in the one way to write it: no needless zero, sign or point."""
        found = []
        for digits, places in zip(self.digits, self.places, strict=True):
            figures = str(abs(digits)).rjust(places + 1, "0")
            point = len(figures) - places
            found.append(("-" if digits < 0 else "") + figures[:point] + ("." + figures[point:] if places else ""))
        return found


def _short(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise Wrong("too_long", "a field has more than {most} characters.", most=MOST_CHARACTERS)


def order(names: Collection[str]) -> tuple[list[str], list[int]]:
    """Names sorted, and the place of each in the sorted order."""
    known = list(names)
    by_name = sorted(range(len(known)), key=known.__getitem__)
    place = [0] * len(known)
    for new, old in enumerate(by_name):
        place[old] = new
    return [known[old] for old in by_name], place
