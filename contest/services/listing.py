"""Long lists: one page of rows, found by words, narrowed by filters, in an order that a reader chose.

A Listing is read from an address, tolerant of anything, and written back into one. The database does
the rest in a number of statements that does not grow: count, then one page with a stable order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from contest.models import Account, Entry, Revision

Row = TypeVar("Row")
Value = TypeVar("Value")

#: Rows on one page.
PER_PAGE = 50
#: Characters of a search that are looked at; pages beyond this number do not exist.
_LONGEST, _LAST_PAGE = 100, 100_000
#: A search that is an entry's number: 127, 0127 or #127, within what the column holds.
_NUMBER = re.compile(r"#?(\d{1,9})")


@dataclass(frozen=True)
class Listing:
    """What a reader wants of a list. `name` sets apart the lists of one page; "" is a page's only list."""

    sorts: tuple[str, ...]
    sort: str
    descending: bool = False
    page: int = 1
    q: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    #: The order of an address that names none: a key, with "-" in front where it descends.
    default: str = ""
    #: Rows that match, once they are counted.
    total: int = 0
    per: int = PER_PAGE
    #: Query values of the other lists of the page, kept while this one changes.
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per))

    @property
    def first(self) -> int:
        """Number of the page's first row, from 1; 0 in an empty list."""
        return (self.page - 1) * self.per + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.page * self.per, self.total)

    @property
    def narrowed(self) -> bool:
        """Whether some rows may be left out: an empty list is then no empty contest."""
        return bool(self.q or any(self.filters.values()))

    @property
    def order(self) -> str:
        return f"-{self.sort}" if self.descending else self.sort

    def key(self, name: str) -> str:
        """The name of a query value of this list, such as `page` or `judges-page`."""
        return f"{self.name}-{name}" if self.name else name

    def query(self, **changes: Any) -> dict[str, str]:
        """Query values of this list with `changes`: sort, descending, page, q or a filter.

        What is usual is left out. Whatever changes but the page starts at page 1.
        """
        sort, descending = changes.pop("sort", self.sort), changes.pop("descending", self.descending)
        order = f"-{sort}" if descending else sort
        same = order == self.order and not set(changes) - {"page"}
        wanted = {"sort": order, "q": self.q, **self.filters, "page": self.page if same else 1} | changes
        usual = {"sort": self.default, "page": 1}
        return dict(self.beside) | {
            self.key(name): str(value)
            for name, value in wanted.items()
            if value not in ("", None) and value != usual.get(name)
        }

    def counted(self, total: int) -> Listing:
        """This listing over `total` rows; a page behind the last becomes the last."""
        known = replace(self, total=total)
        return replace(known, page=min(self.page, known.pages))

    def with_beside(self, other: Listing) -> Listing:
        """This listing, whose links keep what `other` shows."""
        return replace(self, beside={**self.beside, **other.query()})

    def arrange(self, rows: Iterable[Row], orders: Mapping[str, Callable[[Row], Any]]) -> tuple[Listing, list[Row]]:
        """Rows that are in memory, in a stable order of their own: this listing over them, and its page.

        Rows whose key is None come last, whichever way the order goes.
        """
        order = orders[self.sort]
        keyed = [(order(row), row) for row in rows]
        known = sorted(
            (pair for pair in keyed if pair[0] is not None), key=lambda pair: pair[0], reverse=self.descending
        )
        ordered = [row for _, row in known] + [row for key, row in keyed if key is None]
        listing = self.counted(len(ordered))
        return listing, ordered[(listing.page - 1) * self.per : listing.page * self.per]

    def apply(
        self, query: Select[*tuple[Any, ...]], orders: Mapping[str, Sequence[Any]], last: Any
    ) -> Select[*tuple[Any, ...]]:
        """The query's page in this order. `last` decides between equals, so that no row comes twice."""
        turned = [(each.desc() if self.descending else each.asc()).nulls_last() for each in orders[self.sort]]
        return query.order_by(*turned, last).offset((self.page - 1) * self.per).limit(self.per)


def read(
    values: Mapping[str, str],
    *,
    sorts: Sequence[str],
    default: str = "",
    filters: Mapping[str, Collection[str]] | None = None,
    name: str = "",
    per: int = PER_PAGE,
) -> Listing:
    """A listing from query values. What nobody offers (an unknown key, page −3, 1e9 or x) is as if not said.

    `sorts` are the keys of orders that exist; `filters` the values that each filter may have.
    """
    default = default or sorts[0]
    prefix = f"{name}-" if name else ""

    def given(key: str) -> str:
        return values.get(prefix + key, "")

    wanted = given("sort")
    chosen = wanted if wanted.removeprefix("-") in sorts else default
    allowed = filters or {}
    return Listing(
        sorts=tuple(sorts),
        sort=chosen.removeprefix("-"),
        descending=chosen.startswith("-"),
        page=_page(given("page")),
        q=" ".join(given("q").split())[:_LONGEST],
        filters={key: given(key) if given(key) in options else "" for key, options in allowed.items()},
        name=name,
        default=default,
        per=per,
    )


def _page(text: str) -> int:
    return min(max(int(text), 1), _LAST_PAGE) if re.fullmatch(r"[0-9]{1,9}", text) else 1


def total(session: Session, query: Select[*tuple[Any, ...]]) -> int:
    """How many rows a query finds."""
    return session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def by_name() -> ColumnElement[str]:
    """How people are put in order: by the key or reading that they gave, else by the name itself."""
    return func.lower(
        func.coalesce(func.nullif(Account.sort_name, ""), func.nullif(Account.furigana, ""), Account.name)
    )


def holds(words: str, *columns: Any) -> ColumnElement[bool]:
    """Rows of which one of the columns holds the words, whatever their case."""
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


def newest_title() -> ScalarSelect[str]:
    """The title of an entry's newest revision, for a statement about entries."""
    return _of_newest(Revision.title)


def newest_revision() -> ScalarSelect[UUID]:
    """The id of an entry's newest revision, for a statement about entries."""
    return _of_newest(Revision.id)


def _of_newest(column: InstrumentedAttribute[Value]) -> ScalarSelect[Value]:
    return (
        select(column)
        .where(Revision.entry_id == Entry.id)
        .order_by(Revision.number.desc())
        .limit(1)
        .correlate(Entry)
        .scalar_subquery()
    )


def finds_entry(words: str, *columns: Any) -> ColumnElement[bool]:
    """Entries whose number is `words`, or of which a column holds them."""
    number = _NUMBER.fullmatch(words)
    found = holds(words, *columns)
    return or_(Entry.number == int(number.group(1)), found) if number else found
