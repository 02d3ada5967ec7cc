"""Whether this process lives, and whether it can work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import redis
from flask import Blueprint, current_app, jsonify
from flask.sansio.blueprints import BlueprintSetupState
from sqlalchemy.exc import SQLAlchemyError

from contest.schema import is_current
from contest.storage import StorageDown
from contest.web import public, storage

bp = Blueprint("health", __name__)

#: For how many seconds an answer of one process stands: anybody may ask, and each question goes to all services.
FRESH = 1.0


class Recent:
    """The answer to a question that is dear, asked at most once at a time and once in `FRESH` seconds."""

    def __init__(self, ask: Callable[[], dict[str, str]], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._asking = threading.Lock()
        self._known: tuple[float, dict[str, str]] | None = None

    def __call__(self) -> dict[str, str]:
        """The answer of now or of a moment ago. While somebody asks, others get the last one and need not wait."""
        known = self._known
        if known is not None and self._clock() - known[0] < FRESH:
            return known[1]
        if known is None:
            self._asking.acquire()
        elif not self._asking.acquire(blocking=False):
            return known[1]
        try:
            if self._known is None or self._known is known:  # else somebody asked while we waited
                answer = self._ask()
                self._known = self._clock(), answer
            return self._known[1]
        finally:
            self._asking.release()


@bp.get("/healthz")
@public
def healthz() -> Any:
    """The process answers; it asks nobody else."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def readyz() -> Any:
    """Database with all migrations, queue and bucket: each by use. 503 names what is away."""
    checks = current_app.extensions["contest.ready"]()
    ready = all(state == "ok" for state in checks.values())
    return jsonify(status="ok" if ready else "waiting", **checks), 200 if ready else 503


@bp.record
def _remember(state: BlueprintSetupState) -> None:
    state.app.extensions["contest.ready"] = Recent(_ask)


def _ask() -> dict[str, str]:
    return {"database": _database(), "queue": _queue(), "bucket": _bucket()}


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
