"""What the tests of the organiser's room share: its addresses, and what its pages hold."""

from __future__ import annotations

from sqlalchemy.orm import Session

from contest.models import Account, Contest
from tests.pages import Page, Pages

PARTS = ("categories", "deliverables", "prizes")


def organiser_of(pages: Pages, session: Session, contest: Contest, lang: str = "en") -> Pages:
    return pages.as_(session.get_one(Account, contest.created_by), lang)


def at(contest: Contest, path: str = "") -> str:
    return f"/manage/{contest.slug}{path}"


def typed(page: Page, name: str) -> str:
    """What the control of this name holds."""
    for tag in ("input", "textarea", "select"):
        for control in page.all(tag):
            if control.get("name") == name and control.get("type") != "hidden":
                if tag == "textarea":
                    return (control.text or "").removeprefix("\n")
                if tag == "select":
                    return next(
                        (o.get("value") or "" for o in control.iter("option") if o.get("selected") is not None), ""
                    )
                return control.get("value") or ""
    raise AssertionError(f"no control {name} on {page.url}")


def told_meanwhile(page: Page) -> dict[str, str]:
    """What the page of a stale form tells of what is stored now."""
    [note] = [div for div in page.all("div") if "stop" in (div.get("class") or "").split()]
    return {
        page.text(row.find("dt")): page.text(row.find("dd")) for row in note.iter("div") if row.find("dt") is not None
    }


def buttons(page: Page) -> list[str]:
    """The buttons of the room itself, not those of every page."""
    return [page.text(button) for main in page.all("main") for button in main.iter("button")]
