"""The process that speaks HTTP: gunicorn's threads, with our words for what never reaches the application."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from gunicorn.workers.gthread import ThreadWorker
from markupsafe import escape

from contest import i18n
from contest.settings import Settings

#: As on the pages; nothing but the style sheet is loaded, and nothing run.
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Connection": "close",
}


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A request that gunicorn itself refuses gets a page like any other: a sentence, and the headers of the site."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Log and answer what could not be read as a request, and what failed before the application."""
        super().handle_error(req, _InOurWords(client), addr, exc)


class _InOurWords:
    """A visitor's socket to which gunicorn writes its page of an error, and that sends ours of the same status."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendall(self, theirs: bytes) -> None:
        found = re.match(rb"HTTP/1\.1 (\d{3}) ", theirs)
        self._socket.sendall(refusal(int(found[1]) if found else 500, secure=Settings().secure))


def refusal(status: int, *, secure: bool) -> bytes:
    """A whole answer of HTTP that says in each language of the interface what is wrong and what to do.

    Nothing of the request is in it: it could not be read. `secure`: the site has TLS, and asks for it.
    """
    told = "".join(_told(language, status) for language in i18n.languages())
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
        'initial-scale=1"><meta name="color-scheme" content="light dark"><link rel="stylesheet" '
        f'href="/static/contest.css"><title>{status} {HTTPStatus(status).phrase}</title>'
        f'<main class="page">{told}</main></html>'
    ).encode()
    headers = _HEADERS | {"Content-Length": str(len(page))}
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + page


def _told(language: str, status: int) -> str:
    _ = i18n.gettext(language).gettext
    title, sentence = {
        414: (_("The address is too long"), _("Go back and use the buttons of the page.")),
        431: (_("The browser sent too much"), _("Delete the cookies of this site in your browser, then try again.")),
        500: (_("Something went wrong on our side"), _("Wait a minute, then load the page again.")),
    }.get(status, (_("The browser sent something that we cannot read"), _("Go back, reload the page and try again.")))
    home = f'<p class="mt4"><a class="btn" href="/{language}/">{escape(_("Go to the contests"))}</a></p>'
    return (
        f'<section class="head" lang="{language}" dir="{i18n.direction(language)}">'
        f'<h1>{escape(title)}</h1><p class="lede">{escape(sentence)}</p>{home}</section>'
    )
