"""Alembic's entry: online only, one transaction for all revisions."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from contest.models import Base

url = context.config.get_main_option("sqlalchemy.url") or ""
engine = create_engine(url, poolclass=NullPool)
with engine.connect() as connection:
    # One migrator at a time: several hosts may start at once.
    connection.exec_driver_sql("SELECT pg_advisory_lock(hashtext('contest.migrate'))")
    # A process that was not stopped may hold a table: rather an error than to wait, and all readers behind us.
    connection.exec_driver_sql("SET lock_timeout = '15s'")
    connection.commit()
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=False)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
