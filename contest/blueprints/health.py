"""Whether this process lives, and whether it can work."""

from __future__ import annotations

from typing import Any

import redis
from flask import Blueprint, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from contest.schema import is_current
from contest.storage import StorageDown
from contest.web import public, storage

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> Any:
    """The process answers; it asks nobody else."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def readyz() -> Any:
    """Database with all migrations, queue and bucket: each by use. 503 names what is away."""
    checks = {"database": _database(), "queue": _queue(), "bucket": _bucket()}
    ready = all(state == "ok" for state in checks.values())
    return jsonify(status="ok" if ready else "waiting", **checks), 200 if ready else 503


def _database() -> str:
    try:
        with current_app.extensions["contest.db"].reading() as session:
            return "ok" if is_current(session) else "migrations are missing: run contest migrate"
    except SQLAlchemyError:
        return "away"


def _queue() -> str:
    try:
        current_app.extensions["contest.queue"].ping()
    except redis.RedisError:
        return "away"
    return "ok"


def _bucket() -> str:
    try:
        storage().ping()
    except StorageDown:
        return "away"
    return "ok"
