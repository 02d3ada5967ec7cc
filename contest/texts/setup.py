"""What a contest still lacks and what its organiser does next."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from contest import i18n
from contest.texts.refusals import field_error


def part_name(part: str) -> str:
    """A part of a contest as the checklist calls it."""
    return {
        "texts": _("Texts"),
        "dates": _("Dates"),
        "categories": _("Categories"),
        "deliverables": _("What to hand in"),
        "rubric": _("Rubric"),
        "prizes": _("Prizes"),
        "terms": _("Terms"),
    }[part]


def part_problem(problem: Any, locale: str) -> str:
    """A problem of `services.checklist` as one sentence, with the name of what it is about."""
    sentence = field_error(problem.code, problem.facts)
    if problem.subject is not None:
        about = i18n.say(problem.subject, locale).text
    else:
        about = {
            "title": _("Title"),
            "summary": _("Summary"),
            "brief": _("Brief"),
            "host": _("Host"),
            "contact": _("Contact"),
            "opens_at": _("Opening"),
            "closes_at": _("Closing"),
        }.get(
            problem.field.rpartition("_")[0] if problem.section == "texts" and "_" in problem.field else problem.field,
            "",
        )
    return _("%(about)s: %(sentence)s", about=about, sentence=sentence) if about else sentence


def thing_problem(problem: Any) -> str:
    """A problem of a thing beside its name: which of its texts, and what is the matter."""
    name = problem.field.rpartition(".")[2].rpartition("_")[0]
    sentence = field_error(problem.code, problem.facts)
    return _("%(about)s: %(sentence)s", about=field_name(name), sentence=sentence) if name else sentence


def step(code: str, counts: Any) -> tuple[str, str]:
    """The one next thing to do: the sentence, and the words of its link ("" where there is only to wait)."""
    return {
        "complete": (_("Complete the contest, then announce it."), _("Go on with the checklist")),
        "announce": (_("Everything is ready. Announce the contest."), _("Announce the contest")),
        "invite_judges": (_("There are too few judges. Invite more."), _("Invite judges")),
        "invite_publisher": (
            _("A second person must approve the winners. Invite a publisher or a chair."),
            _("Invite a publisher"),
        ),
        "wait_opening": (_("The contest is announced and opens by itself."), _("See the public page")),
        "wait_close": (
            ngettext(
                "One entry is in. The contest closes by itself.",
                "%(num)d entries are in. The contest closes by itself.",
                counts.entries,
            ),
            _("See the entries"),
        ),
        "wait_grace": (_("The contest has closed. Uploads that began before may still finish."), _("See the entries")),
        "no_entries": (
            _("No entry was submitted. You may set a later deadline: the contest then takes entries again."),
            _("Set a later deadline"),
        ),
        "none_left": (_("No entry is left in the contest, so there is nothing to judge."), _("See the entries")),
        "fix_rubric": (_("The rubric is not complete. Put it right before judging opens."), _("Go to the rubric")),
        "assign": (
            ngettext(
                "One entry has too few judges. Assign them.",
                "%(num)d entries have too few judges. Assign them.",
                counts.short,
            ),
            _("Assign judges"),
        ),
        "open_judging": (_("Every entry has its judges. Open judging."), _("Go and open judging")),
        "watch": (
            _("Judging is open. %(done)s of %(all)s scorecards are in.", done=counts.submitted, all=counts.assigned),
            _("See the progress"),
        ),
        "close_judging": (_("Every scorecard is in. Close judging."), _("Go and close judging")),
        "wait_tally": (
            _("Judging has closed. The scores are being tallied; this takes a moment."),
            _("See the progress"),
        ),
        "decide": (_("The scores are tallied. Decide the awards."), _("Decide the awards")),
        "wait_approval": (
            _("The awards wait for approval by a publisher or the chair who did not propose them."),
            _("See the proposal"),
        ),
        "publish": (_("The awards are approved. Publish the winners."), _("Go and publish")),
        "see_winners": (_("The winners are published."), _("See the winners")),
        "cancelled": (_("This contest was called off. There is nothing left to do."), _("See the public page")),
    }[code]


def bar(code: str, number: int) -> str:
    """What stands between now and a fair close."""
    return {
        "cards_missing": ngettext("One scorecard is missing.", "%(num)d scorecards are missing.", number),
        "entries_short": ngettext("One entry has too few judges.", "%(num)d entries have too few judges.", number),
        "recusals_waiting": ngettext(
            "One judge stepped back and nobody took that entry over.",
            "%(num)d times a judge stepped back and nobody took the entry over.",
            number,
        ),
    }[code]


def cards_in(counts: Any) -> str:
    """How many scorecards are in, as the headline of the progress page."""
    return ngettext(
        "%(done)s of %(num)d scorecard is in",
        "%(done)s of %(num)d scorecards are in",
        counts.assigned,
        done=counts.submitted,
    )


def judge_state(state: str, days: int = 0) -> str:
    """Where a judge is, as a word."""
    return {
        "finished": _("Finished"),
        "under_way": _("Under way"),
        "not_started": _("Not started"),
        "nothing_assigned": _("Nothing assigned"),
        "silent": ngettext("Silent for %(num)d day", "Silent for %(num)d days", days),
    }[state]


def typical_time(span: Any) -> str:
    """How long a scorecard takes: minutes, or hours from two hours on."""
    minutes = max(1, round(span.total_seconds() / 60))
    return _("%(num)d min", num=minutes) if minutes < 120 else _("%(num)d h", num=round(minutes / 60))


def field_name(name: str) -> str:
    """A text of the organisers' by its field, such as `brief` or `level 3`."""
    if name.startswith("level "):
        return _("Level %(number)s", number=name.removeprefix("level "))
    return {
        "title": _("Title"),
        "summary": _("Summary"),
        "brief": _("Brief"),
        "host": _("Host"),
        "text": _("Text"),
        "name": _("Name"),
        "hint": _("What it holds"),
        "question": _("Question"),
        "amount": _("What the winner gets"),
    }[name]
