"""The schema's migrations: run them, and tell whether they have run."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.orm import Session


def config(database_url: str) -> Config:
    """Alembic's configuration; there is no alembic.ini to edit."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    made.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return made


def migrate(database_url: str) -> None:
    """Bring the database to the newest schema. Running it again does nothing."""
    command.upgrade(config(database_url), "head")


def drop_all(database_url: str) -> None:
    """Empty the database, tables and all: for a demo that was cut short while it was filled."""
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()


@lru_cache
def newest() -> str | None:
    return ScriptDirectory.from_config(config("")).get_current_head()


def is_current(session: Session) -> bool:
    """Whether the database has every migration that this code knows."""
    return MigrationContext.configure(session.connection()).get_current_revision() == newest()
