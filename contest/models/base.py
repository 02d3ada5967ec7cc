"""Declarative base, column types and names of constraints.

Constraints carry names, because services map a violated name to the form field that caused it.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import LargeBinary

from contest.db import UTCDateTime

#: Text in several languages: {"en": "…", "ja": "…"}. A missing locale falls back visibly.
Texts = dict[str, str]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        str: Text(),
        float: Double(),
        int: BigInteger(),
        bytes: LargeBinary(),
        datetime: UTCDateTime(),
        uuid.UUID: UUID(as_uuid=True),
        dict[str, str]: JSONB(),
        dict[str, Any]: JSONB(),
        list[dict[str, str]]: JSONB(),
        list[dict[str, Any]]: JSONB(),
    }


def new_id() -> uuid.UUID:
    """A random id: it tells neither when nor by whom a thing was made."""
    return uuid.uuid4()


Id = Annotated[uuid.UUID, mapped_column(primary_key=True, default=new_id)]
Created = Annotated[datetime, mapped_column(server_default=func.clock_timestamp())]


def ref(target: str, *, index: bool = True, **options: Any) -> Any:
    """A foreign key column to `table.column`; deleting what is referred to is refused."""
    return mapped_column(ForeignKey(target, ondelete=options.pop("ondelete", "RESTRICT")), index=index, **options)


def one_of(column: str, values: Any, name: str) -> CheckConstraint:
    """CHECK that a state column holds a word of the vocabulary."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=name)
