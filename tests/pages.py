"""A client that reads every page as a strict browser would: it fails on any page that is not sound."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

import html5lib
from flask import Flask
from sqlalchemy.orm import Session

from contest import i18n
from contest.models import Account
from contest.services import accounts

_VOID_LABEL = {"hidden", "submit", "button", "image", "reset"}
#: What may hold only phrasing content, and what is none (HTML Living Standard, "content models").
_PHRASING_ONLY = re.compile(
    "abbr|b|bdi|bdo|button|cite|code|data|dfn|em|h[1-6]|i|kbd|label|mark|output|p|pre|progress|q|s|samp|small|span"
    "|strong|sub|sup|time|u|var"
)
_NO_PHRASING = re.compile(
    "address|article|aside|blockquote|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]"
    "|header|hgroup|hr|legend|li|main|menu|nav|ol|p|pre|search|section|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
_CHILDREN = {
    "ul": {"li", "script", "template"},
    "ol": {"li", "script", "template"},
    "menu": {"li", "script", "template"},
    "dl": {"dt", "dd", "div", "script", "template"},
}


class Page:
    """One HTML response, parsed strictly."""

    def __init__(self, response: Any, url: str) -> None:
        self.response = response
        self.url = url
        self.status: int = response.status_code
        self.html: str = response.get_data(as_text=True)
        parser = html5lib.HTMLParser(strict=False, namespaceHTMLElements=False)
        self.root: Element = parser.parse(self.html)
        self.parse_errors = list(parser.errors)
        self.check()

    def all(self, name: str) -> list[Element]:
        return list(self.root.iter(name))

    def text(self, element: Element | None = None) -> str:
        found = self.root.find("body") if element is None else element
        return " ".join("".join(found.itertext()).split()) if found is not None else ""

    @property
    def title(self) -> str:
        return self.text(self.root.find("head/title"))

    @property
    def h1(self) -> str:
        return self.text(self.all("h1")[0])

    def by_id(self, id: str) -> Element:
        found = [element for element in self.root.iter() if element.get("id") == id]
        assert found, f"no #{id} on {self.url}"
        return found[0]

    @property
    def problems(self) -> list[str]:
        """The sentences of the error summary."""
        boxes = [element for element in self.root.iter() if "problem" in (element.get("class") or "").split()]
        return [self.text(li) for box in boxes for li in box.iter("li")]

    def link(self, words: str) -> str:
        """The address of the link with these words."""
        for element in self.all("a"):
            if self.text(element) == words:
                return urljoin(self.url, element.get("href"))
        raise AssertionError(f"no link “{words}” on {self.url}")

    def form(self, words: str) -> tuple[str, dict[str, Any]]:
        """The address and the filled data of the form whose submit button has these words."""
        around = {control: form for form in self.all("form") for control in form.iter()}

        def owner(control: Element) -> Element | None:
            # The form that a control names, else the one that it stands in.
            named = control.get("form")
            return self.by_id(named) if named else around.get(control)

        for button in self.all("button"):
            form = owner(button)
            if form is not None and self.text(button) == words:
                data = _data([control for control in self.root.iter() if owner(control) is form])
                if button.get("name"):
                    data[button.get("name")] = button.get("value") or ""
                return urljoin(self.url, button.get("formaction") or form.get("action") or self.url), data
        raise AssertionError(f"no form with the button “{words}” on {self.url}")

    def check(self) -> None:
        """What every page promises."""
        where = self.url
        assert not self.parse_errors, f"{where}: {self.parse_errors[:3]}"
        assert self.title and "|" in self.title, f"{where}: title"
        assert self.root.get("lang") in i18n.languages(), f"{where}: lang"
        assert self.root.get("dir") == i18n.direction(self.root.get("lang") or ""), f"{where}: dir"
        assert len(self.all("h1")) == 1, f"{where}: {len(self.all('h1'))} h1"
        ids = [element.get("id") for element in self.root.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), f"{where}: ids twice: {[i for i in ids if ids.count(i) > 1]}"
        labelled = {element.get("for") for element in self.all("label")}
        inside = {control for label in self.all("label") for control in label.iter()}
        for name in ("input", "select", "textarea"):
            for control in self.all(name):
                if control.get("type") in _VOID_LABEL:
                    continue
                said = control.get("id") in labelled or control in inside or control.get("aria-label")
                assert said, f"{where}: {name} {control.get('name')} has no label"
        for element in self.root.iter():
            for reference in ("aria-describedby", "aria-labelledby"):
                for id in (element.get(reference) or "").split():
                    assert id in ids, f"{where}: {reference} names #{id}, which is not there"
            assert element.get("style") is None, f"{where}: inline style"
            assert not [key for key in element.attrib if key.startswith("on")], f"{where}: on*"
        for form in self.all("form"):
            if (form.get("method") or "get").lower() == "post":
                assert any(i.get("name") == "csrf_token" for i in form.iter("input")), f"{where}: form without CSRF"
        for script in self.all("script"):
            assert script.get("src") and not (script.text or "").strip(), f"{where}: inline script"
        for image in self.all("img"):
            assert image.get("alt") is not None, f"{where}: img without alt"
        _check_places(self.root, "", where)
        check_headers(self.response, where)


def _check_places(element: Element, phrasing: str, where: str) -> None:
    """No element stands where its parents do not allow it; a parser repairs or accepts most of that in silence.

    phrasing: the nearest element above that holds only phrasing content, or "".
    """
    allowed = _CHILDREN.get(str(element.tag))
    inside = element.tag if _PHRASING_ONLY.fullmatch(element.tag) else phrasing
    for child in element:
        if not isinstance(child.tag, str) or child.tag == "svg":  # a comment; another language
            continue
        assert not (inside and _NO_PHRASING.fullmatch(child.tag)), f"{where}: <{child.tag}> inside <{inside}>"
        assert allowed is None or child.tag in allowed, f"{where}: <{child.tag}> as a child of <{element.tag}>"
        _check_places(child, inside, where)


def check_headers(response: Any, where: str) -> None:
    policy = response.headers.get("Content-Security-Policy", "")
    assert "default-src 'none'" in policy and "unsafe" not in policy, f"{where}: CSP {policy!r}"
    assert response.headers.get("X-Content-Type-Options") == "nosniff", where
    assert response.headers.get("Referrer-Policy") == "same-origin", where


def _data(controls: list[Element]) -> dict[str, Any]:
    data: dict[str, Any] = {}

    def put(name: str, value: str) -> None:
        if name in data:
            data[name] = [*data[name], value] if isinstance(data[name], list) else [data[name], value]
        else:
            data[name] = value

    for control in controls:
        name = control.get("name")
        if not name:
            continue
        if control.tag == "input":
            kind = control.get("type", "text")
            if kind in ("checkbox", "radio") and control.get("checked") is None:
                continue
            if kind not in ("submit", "button", "file"):
                put(name, control.get("value") or ("y" if kind == "checkbox" else ""))
        elif control.tag == "textarea":
            put(name, (control.text or "").removeprefix("\n"))
        elif control.tag == "select":
            options = list(control.iter("option"))
            chosen = [o for o in options if o.get("selected") is not None] or options[:1]
            for option in chosen:
                put(name, option.get("value") if option.get("value") is not None else (option.text or ""))
    return data


class Pages:
    """A visitor. GET gives a checked Page; `submit` fills a form of the page and sends it."""

    def __init__(self, app: Flask, session: Session, account: Account | None = None, lang: str = "en") -> None:
        self.app, self.session = app, session
        self.client = app.test_client()
        self.lang = lang
        if account is not None:
            self._sign_in(account)

    def as_(self, account: Account | None, lang: str = "en") -> Pages:
        """Another visitor, signed in as `account`."""
        return Pages(self.app, self.session, account, lang)

    def _sign_in(self, account: Account) -> None:
        token = accounts.start_session(self.session, account, address="127.0.0.1", agent="tests")
        self.session.commit()
        with self.client.session_transaction() as cookie:
            cookie["_user_id"] = token
            cookie["_fresh"] = True

    def open(self, url: str, *, method: str = "GET", **options: Any) -> Any:
        headers = {"Accept-Language": self.lang, **options.pop("headers", {})}
        # What the test arranged must be visible to the application.
        self.session.commit()
        response = self.client.open(url, method=method, headers=headers, **options)
        self.session.expire_all()
        return response

    def get(self, url: str, status: int = 200, follow: bool = True, **options: Any) -> Page:
        response = self.open(url, **options)
        while follow and response.status_code in (301, 302, 303, 307, 308):
            url = response.headers["Location"]
            response = self.open(url, **options)
        assert response.status_code == status, f"{url}: {response.status_code}, wanted {status}: {_brief(response)}"
        return Page(response, url)

    def token(self) -> str:
        """A CSRF token of this visitor's session."""
        page = self.open("/receipts/check").get_data(as_text=True)
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert found
        return found.group(1)

    def post(
        self, url: str, data: dict[str, Any] | None = None, status: int = 302, follow: bool = False, **options: Any
    ) -> Any:
        """Send a form with a CSRF token. Follows to a checked page if asked; returns the response or page."""
        data = dict(data or {})
        data.setdefault("csrf_token", self.token())
        response = self.open(url, method="POST", data=data, **options)
        assert response.status_code == status, f"{url}: {response.status_code}, wanted {status}: {_brief(response)}"
        if follow and status in (302, 303):
            return self.get(response.headers["Location"])
        if response.mimetype == "text/html" and status not in (301, 302, 303, 307, 308):
            return Page(response, urlsplit(url).path)
        return response

    def submit(
        self, page: Page, words: str, values: dict[str, Any] | None = None, status: int = 302, follow: bool = True
    ) -> Any:
        """Press the button with these words, with `values` typed into its form."""
        url, data = page.form(words)
        for name, value in (values or {}).items():
            if value is None:
                data.pop(name, None)
            else:
                data[name] = value
        return self.post(url, data, status=status, follow=follow)

    def json(self, method: str, url: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """Send JSON as our scripts do; returns the parsed answer."""
        response = self.open(
            url,
            method=method,
            json=body if body is not None else None,
            headers={"X-CSRFToken": self.token(), "Accept": "application/json", **headers},
        )
        assert response.status_code == status, f"{url}: {response.status_code}, wanted {status}: {_brief(response)}"
        check_headers(response, url)
        return response.get_json(silent=True)


def _brief(response: Any) -> str:
    body = response.get_data(as_text=True)
    found = re.search(r"<main.*?</main>", body, re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group(0) if found else body))[:600]
