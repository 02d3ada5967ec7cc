"""Words about people's accounts: the browsers in which they are signed in, and what a part asks of them."""

from __future__ import annotations

from flask_babel import gettext as _

#: What a browser calls itself → its name. The first that fits counts: most call themselves Chrome and Safari too.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
#: In this order too: Android says Linux, an iPhone says Mac OS X.
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(agent: str) -> str:
    """The browser and the system of a user agent in words: Firefox on Windows."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or _("Unknown browser")


def role_duty(role: str) -> str:
    """What somebody who takes up a part will do, in one sentence."""
    return {
        "organiser": _("You write the contest, set its dates, invite judges and see who enters."),
        "chair": _("You lead the jury, see how judging goes, and approve the winners with a second person."),
        "publisher": _("You check what the organiser proposes and publish the winners with a second person."),
        "judge": _(
            "You score entries on a rubric, at your own pace until judging is due. You do not see who made them."
        ),
        "staff": _("You create and run contests on this site."),
    }.get(role, "")
