"""Audited acts and their facts as people read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from contest import i18n


def act_name(act: str) -> str:
    """An audited act as a phrase. Every act of audit.ACTS has one; a test says so."""
    return {
        "account.registered": _("registered an account"),
        "account.verified": _("verified the address"),
        "account.signed_in": _("signed in"),
        "account.sign_in_failed": _("sign-in failed"),
        "account.signed_out": _("signed out"),
        "account.code_requested": _("asked for a code"),
        "account.password_changed": _("changed the password"),
        "account.password_removed": _("removed the password"),
        "account.confirmed": _("confirmed identity"),
        "account.session_revoked": _("ended a session"),
        "account.suspended": _("suspended an account"),
        "account.restored": _("let a suspended account in again"),
        "account.changed": _("changed the profile"),
        "account.address_changed": _("changed the address of an account"),
        "account.removed": _("removed an account that nobody had verified"),
        "invitation.sent": _("invited a person"),
        "invitation.accepted": _("accepted an invitation"),
        "invitation.revoked": _("withdrew an invitation"),
        "contest.created": _("created the contest"),
        "contest.changed": _("changed the contest"),
        "contest.announced": _("announced the contest"),
        "contest.deadline_moved": _("moved the dates"),
        "contest.cancelled": _("called the contest off"),
        "terms.changed": _("changed the terms"),
        "rubric.changed": _("changed the rubric"),
        "terms.accepted": _("accepted the terms"),
        "entry.started": _("started an entry"),
        "entry.changed": _("changed an entry"),
        "entry.submitted": _("submitted a revision"),
        "entry.withdrawn": _("withdrew an entry"),
        "entry.disqualified": _("disqualified an entry"),
        "entry.reinstated": _("took an entry back into the contest"),
        "entry.pair_seen": _("put a pair of similar pictures aside"),
        "entry.alt_edited": _("reworded what a picture shows"),
        "role.removed": _("took back a role"),
        "file.granted": _("began an upload"),
        "file.received": _("finished an upload"),
        "file.accepted": _("file passed its check"),
        "file.rejected": _("file was refused by its check"),
        "file.removed": _("removed a file"),
        "file.downloaded": _("downloaded an original"),
        "previews.retried": _("had previews made again"),
        "assignment.made": _("assigned entries"),
        "assignment.removed": _("took back an assignment"),
        "assignment.reminded": _("reminded judges"),
        "assignment.recused": _("stepped back from an entry"),
        "flag.told": _("told the app team about an entry"),
        "flag.taken_back": _("took back what was told about an entry"),
        "flag.answered": _("answered a judge"),
        "round.opened": _("opened judging"),
        "round.closed": _("closed judging"),
        "round.reopened": _("reopened judging"),
        "scorecard.submitted": _("submitted a scorecard"),
        "scorecard.reopened": _("reopened a scorecard"),
        "scoring.changed": _("changed how scores become a ranking"),
        "scores.exported": _("downloaded all scores without names"),
        "tally.made": _("tallied the scores"),
        "awards.proposed": _("proposed awards"),
        "publication.proposed": _("proposed the publication"),
        "publication.approved": _("approved the publication"),
        "publication.published": _("published the winners"),
        "publication.retracted": _("retracted the publication"),
    }[act]


def act_group(group: str) -> str:
    """A group of audited acts, by the first word of their names."""
    return {
        "assignment": _("Assignments"),
        "awards": _("Awards"),
        "contest": _("Contest"),
        "entry": _("Entries"),
        "file": _("Files"),
        "flag": _("Messages from judges"),
        "invitation": _("Invitations"),
        "previews": _("Previews"),
        "publication": _("Publications"),
        "role": _("Roles"),
        "round": _("Rounds"),
        "rubric": _("Rubric"),
        "scorecard": _("Scorecards"),
        "scores": _("Downloads of scores"),
        "scoring": _("Method of scoring"),
        "tally": _("Tallies"),
        "terms": _("Terms"),
    }[group]


def fact_name(name: str) -> str:
    """What a fact of an audit event is called; an unknown one is shown by its own name."""
    return {
        "opens_at": _("Opening"),
        "closes_at": _("Closing"),
        "due_at": _("Judging due"),
        "winners_at": _("Winners planned"),
        "zone": _("Time zone"),
        "grace_seconds": _("Grace in seconds"),
        "fields": _("Changed"),
        "version": _("Version"),
        "part": _("Part"),
        "key": _("Name in exports"),
        "removed": _("Removed"),
        "role": _("Role"),
        "number": _("Number"),
        "revision": _("Revision"),
        "reason": _("Reason"),
        "seed": _("Seed of the draw"),
        "seed_digest": _("Seed of the draw, as SHA-256"),
        "method": _("Method"),
        "options": _("Options"),
        "refused": _("Why there is no ranking"),
        "made": _("Made"),
        "left": _("Entries left, by judge's account"),
        "judges": _("Judges"),
        "entries": _("Entries"),
        "each": _("Judges for each entry"),
        "entry": _("Entry"),
        "judge": _("Judge's account"),
        "account": _("Account"),
        "judges_per_entry": _("Judges for each entry"),
        "weights": _("Weights in thousandths"),
        "terms": _("Version of the terms"),
        "rubric": _("Version of the rubric"),
        "again": _("Sent again"),
        "slug": _("Address"),
        "assignment": _("Assignment"),
        "digest": _("Digest"),
        "name": _("Name"),
        "size": _("Size in bytes"),
        "kind": _("Type"),
        "sha256": _("SHA-256"),
        "grace_used": _("Grace used, in seconds"),
        "code": _("Code"),
        "total": _("Total"),
        "awards": _("Awards"),
        "tally": _("Tally"),
        "input_digest": _("What was counted"),
        "result_digest": _("What came out"),
        "receipt": _("Receipt"),
        "file": _("File"),
        "network": _("Network address"),
        "purpose": _("Purpose"),
        "before": _("Before"),
        "after": _("After"),
        "original": _("The entrant's words"),
        "approver_invited_by": _("The second person was invited by"),
        "approver_invited_at": _("The second person was invited at"),
    }.get(name, name)


def fact_value(value: Any, *, zone: str, locale: str) -> str:
    """A fact of an audit event as people read it: times in a zone, a change as old → new."""
    if value is None:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        told = [fact_value(part, zone=zone, locale=locale) for part in value]
        return " → ".join(told) if len(told) == 2 else _(", ").join(told)
    if isinstance(value, dict):
        return _(", ").join(f"{key} {fact_value(part, zone=zone, locale=locale)}" for key, part in value.items())
    if isinstance(value, str) and len(value) >= 20 and value[4:5] == "-" and value[10:11] == "T":
        try:
            return i18n.time_label(datetime.fromisoformat(value), zone, locale)
        except ValueError:
            return value
    return str(value)
