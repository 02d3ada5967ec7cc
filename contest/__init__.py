"""Contest: the platform on which a public body runs a design contest."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from contest.settings import Settings

__version__ = "0.1.0"


def create_app(settings: Settings | None = None) -> Flask:
    """Make the web application from settings (the environment's, by default)."""
    from contest.app import make

    return make(settings)
