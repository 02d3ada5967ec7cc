"""What Contest uses of Flask-Login, which brings no types."""

from collections.abc import Callable
from typing import TypeVar

from flask import Flask

_Loader = TypeVar("_Loader", bound=Callable[[str], UserMixin | None])

class UserMixin:
    def get_id(self) -> str: ...

class LoginManager:
    session_protection: str | None
    def init_app(self, app: Flask) -> None: ...
    def user_loader(self, callback: _Loader) -> _Loader: ...

def login_user(user: UserMixin) -> bool: ...
def logout_user() -> bool: ...
