"""What Contest uses of Flask-Babel, which brings no types."""

from collections.abc import Callable
from typing import Any

from flask import Flask

class Domain:
    def get_translations(self) -> Any: ...

class Babel:
    def __init__(self, app: Flask | None = None, *, locale_selector: Callable[[], str] | None = None) -> None: ...
    @property
    def domain_instance(self) -> Domain: ...

def gettext(string: str, **variables: object) -> str: ...
def ngettext(singular: str, plural: str, num: int, **variables: object) -> str: ...

# A LazyString: it stands wherever a str is wanted, and is none.
def lazy_gettext(string: str, **variables: object) -> Any: ...
