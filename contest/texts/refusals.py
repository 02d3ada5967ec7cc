"""What is not possible, what is wrong with a field, and the cure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from contest import i18n


def problem(code: str) -> tuple[str, str]:
    """Title and sentence of a page about a problem."""
    return {
        "not_found": (
            _("There is nothing at this address"),
            _("The address may be mistyped, or the page is not for the account that you use now."),
        ),
        "conflict": (_("This changed meanwhile"), _("Somebody else, or another tab of yours, changed this first.")),
        "invalid": (_("Something is missing or not right"), _("Go back, correct it and send it again.")),
        "csrf": (
            _("This form is too old"),
            _(
                "You signed out or in since it was opened, or it was open for too long. Go back, reload the page and send it again."
            ),
        ),
        "storage_away": (
            _("Files cannot be reached just now"),
            _("The store of files does not answer. Try again in a minute."),
        ),
        "database_away": (
            _("The site cannot work just now"),
            _(
                "Its database does not answer. Try again in a minute; what you typed is still in your browser if you go back."
            ),
        ),
        "bad_request": (
            _("The browser sent something that we cannot read"),
            _("Go back, reload the page and try again."),
        ),
        "method": (_("This address does not take that request"), _("Go back and use the buttons of the page.")),
        "too_large": (
            _("That is too large"),
            _(
                "The form or the file is larger than this page takes. Send a smaller file, or turn JavaScript on: then large files go to the store directly."
            ),
        ),
        "too_many": (_("Too many requests"), _("Wait a few minutes, then try again.")),
        "failed": (
            _("Something went wrong on our side"),
            _("Try again. If it fails again, tell the organiser the number on this page."),
        ),
    }[code]


def denial(reason: str, facts: Mapping[str, Any] | None = None, *, zone: str = "UTC", locale: str = "en") -> str:
    """Why something may not be done."""
    return denied_page(reason, facts or {}, zone=zone, locale=locale)[1]


def denied_page(reason: str, facts: Mapping[str, Any], *, zone: str, locale: str) -> tuple[str, str]:
    """Title and sentence of a refusal; times in `facts` are told in the reader's zone."""
    told = {
        name: i18n.time_label(value, zone, locale) if isinstance(value, datetime) else value
        for name, value in facts.items()
    }
    no = _("This is not possible")
    sentences: dict[str, tuple[str, str]] = {
        "sign_in": (_("Sign in first"), _("This needs an account. Sign in, then try again.")),
        "signed_out": (
            _("You are signed out"),
            _("Your session ended before this was sent, so it is not saved. Sign in, then send it once more."),
        ),
        "too_many_tries": (
            _("Too many tries"),
            _("To protect the account we wait. Try again in %(minutes)s minutes.", minutes=told.get("minutes", 10)),
        ),
        "preview_fine": (
            no,
            _("The previews of this file are there, or are being made. There is nothing to try again."),
        ),
        "staff_only": (no, _("Only staff accounts may create contests. Ask your administrator for an invitation.")),
        "admin_only": (no, _("Only an administrator may do this.")),
        "organiser_only": (no, _("Only an organiser of this contest may do this.")),
        "organiser_or_chair_only": (no, _("Only an organiser or the chair of this contest may do this.")),
        "cancelled": (
            _("This contest was called off"),
            _(
                "The organiser called this contest off %(cancelled_at)s, for good. Nothing can be changed in it any more.",
                cancelled_at=told.get("cancelled_at", ""),
            ),
        ),
        "nothing_to_cancel": (no, _("This contest is not announced, so there is nothing to call off.")),
        "publisher_only": (no, _("Only a publisher or the chair of this contest may do this.")),
        "structure_fixed": (
            no,
            _(
                "Entrants already work on what was announced, so deliverables, categories, prizes, zone and grace stay as they are."
            ),
        ),
        "rubric_frozen": (no, _("A judge has begun to score with this rubric, so it stays as it is.")),
        "dates_fixed": (no, _("Entries have closed, so the dates stay as they are.")),
        "opening_fixed": (no, _("The contest is open, so its opening stays as it is.")),
        "deadline_only_later": (
            no,
            _(
                "While the contest is open the deadline moves only later than %(closes_at)s.",
                closes_at=told.get("closes_at", ""),
            ),
        ),
        "not_open_yet": (
            _("This contest is not open yet"),
            _("It opens %(opens_at)s.", opens_at=told.get("opens_at", "")),
        ),
        "deadline_passed": (
            _("This contest has closed"),
            _(
                "It closed %(closes_at)s. Your request came %(now)s by the server's clock. What you sealed before is in the contest; your draft is kept.",
                closes_at=told.get("closes_at", ""),
                now=told.get("now", ""),
            ),
        ),
        "not_yours": (no, _("Only the entrant may change an entry.")),
        "team_may_not_enter": (no, _("You organise or judge this contest, so you cannot enter it.")),
        "withdrawn": (no, _("This entry was withdrawn.")),
        "disqualified": (no, _("This entry was taken out of the contest by the organiser.")),
        "terms_not_accepted": (
            _("Accept the terms first"),
            _("Read and accept the terms of this contest, then start your entry."),
        ),
        "entries_still_open": (
            no,
            _(
                "Entries may still come in until %(closes_at)s and the grace after it. Open judging after that.",
                closes_at=told.get("closes_at", ""),
            ),
        ),
        "not_announced": (no, _("The contest is not announced yet. Complete the checklist and announce it first.")),
        "round_not_planned": (no, _("Judging has been opened already.")),
        "round_not_open": (no, _("Judging is not open.")),
        "round_not_closed": (no, _("Judging has not been closed, so there is nothing to reopen.")),
        "publication_exists": (
            no,
            _("A publication has been made from these scores, so judging stays closed."),
        ),
        "proposal_waits": (
            no,
            _(
                "A publication is proposed from these scores. Change an award on the page of results: that takes the proposal back. Then reopen judging."
            ),
        ),
        "judging_not_begun": (_("Judging has not begun"), _("The organiser opens it; you will get a mail.")),
        "round_closed": (
            _("Judging has closed"),
            _(
                "Judging closed %(closed_at)s. What you had saved before is kept; what you sent now was not counted.",
                closed_at=told.get("closed_at", ""),
            ),
        ),
        "recused": (no, _("You stepped back from this entry.")),
        "already_submitted": (no, _("You have submitted this scorecard. Reopen it to change it.")),
        "flag_answered": (no, _("The app team has answered this, so it stays. You can tell them something more.")),
        "flag_settled": (
            no,
            _("Nobody waits for this answer any more: a colleague answered, or the judge took it back."),
        ),
        "assignments_short": (no, _("Some entries have too few judges. Assign more judges first.")),
        "no_entries": (no, _("No entry has been submitted, so there is nothing to judge.")),
        "no_tally_yet": (no, _("Close judging and let the scores be tallied first.")),
        "tally_refused": (
            no,
            _(
                "The method of this round gives no ranking of these scores, so no prize can be given. Read why on the ranking page and follow the cure there."
            ),
        ),
        "method_fixed": (
            no,
            _("The result was published as it was counted, so the method stays as it is."),
        ),
        "scores_changed": (
            no,
            _("Judging is open again, or the scores are being counted. Try again after the new tally."),
        ),
        "not_a_draft": (no, _("This publication is no longer a proposal.")),
        "not_approved": (no, _("A second person has not approved it yet.")),
        "not_published": (no, _("This is not published.")),
        "second_person_needed": (
            _("A second person must approve"),
            _("You proposed this. Ask another publisher or the chair to approve it."),
        ),
        "fresh_sign_in_needed": (
            _("Confirm that it is you"),
            _("This cannot be undone, so we ask for your password or a code once more."),
        ),
        "digest_changed": (
            _("The proposal changed"),
            _("What you looked at is no longer what is proposed. Look at it again, then approve."),
        ),
        "rubric_incomplete": (
            no,
            _(
                "The rubric is not complete: its weights must add up to 100 percent, and each level needs a sentence in both languages."
            ),
        ),
        "due_fixed": (no, _("Judging has closed, so its due date stays as it is.")),
        "part_needed": (
            no,
            _("An announced contest needs at least one of these. Add another first, then remove this one."),
        ),
        "last_organiser": (no, _("A contest always has an organiser. Invite another one first.")),
        "invitation_stopped": (
            _("This invitation does not work now"),
            _("The account that sent it is shut out. Ask the organiser of the contest for another invitation."),
        ),
        "invitation_late": (
            _("This invitation has run out"),
            _("It works for %(days)s days. Ask whoever invited you to send it again.", days=told.get("days", 14)),
        ),
        "invitation_over": (no, _("This invitation was accepted or withdrawn. Invite the person anew.")),
        "scorecard_submitted": (
            no,
            _("The judge has submitted this scorecard, so the assignment stays. Ask the judge to reopen it first."),
        ),
        "not_submitted": (no, _("Only a submitted entry can be taken out of the contest.")),
        "published_fixed": (no, _("The winners are published. Retract the publication first.")),
        "award_entry_out": (
            no,
            _(
                "Entry %(entry)s has an award but is not in the standings any more. Choose another entry for that prize.",
                entry=told.get("entry", ""),
            ),
        ),
        "awards_missing": (no, _("Give at least one prize before you propose the publication.")),
    }
    return sentences[reason]


def conflict(reason: str) -> str:
    """What changed meanwhile."""
    return {
        "stale": _(
            "Somebody else, or another tab of yours, saved this first. Both texts are shown; choose and save again."
        ),
        "account_exists": _("An account with this address exists already."),
        "grant_used": _("This upload is finished already."),
        "file_gone": _("This file was removed meanwhile, so its sentence is not saved."),
        "not_received": _("The file has not arrived whole. Send it again."),
        "already_in_contest": _("You have an entry in this contest already."),
    }[reason]


def field_error(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """What is wrong with a field, and the cure."""
    facts = facts or {}
    texts = {
        "invalid": _("This is not valid."),
        "required": _("Fill this in."),
        "email_invalid": _("Enter an address such as name@example.org."),
        "name_unseen": _("Nobody can see this name. Use at least one letter, digit or sign."),
        "furigana_kana": _("Write the reading in hiragana or katakana only, for example やまだ はなこ."),
        "password_too_short": _(
            "Use at least %(least)s characters; a sentence is easy to remember.", least=facts.get("least", 15)
        ),
        "password_too_long": _("Use at most 1,024 characters."),
        "password_common": _("This password is easy to guess. Use a sentence of your own."),
        "sign_in_wrong": _(
            "The address or the password is not right, or the address is not verified yet. Try again, or have a code sent to you."
        ),
        "codes_enough": _(
            "Several codes were asked for. Each works until its time is over, so look for those mails. You may ask again in 10 minutes."
        ),
        "code_wrong": _("This code is not right, was used, or has run out. Check it, or have a new one sent."),
        "address_same": _("This is your address already. Type another one."),
        "address_taken": _(
            "There is an account with this address already. Sign in with it, or choose another address."
        ),
        "zone_unknown": _("Choose a time zone from the list."),
        "role_conflict": _(
            "One person cannot both judge and belong to the team of a contest: the team sees the entrants' names."
        ),
        "entrant_conflict": _(
            "This person has an entry in this contest. Whoever takes part cannot judge or run it, so the entry must be withdrawn first."
        ),
        "already_member": _("This person has that role already."),
        "already_invited": _("This person has been invited already. Send that invitation again, or withdraw it first."),
        "slug_taken": _("Another contest uses this address. Choose another."),
        "slug_invalid": _("Use 3 to 60 small letters, digits and single hyphens, for example ferry-app-2026."),
        "dates_order": _("The closing must be later than the opening."),
        "date_invalid": _("Enter a date and a time, for example 2026-11-30 23:59:59."),
        "time_midnight": _(
            "At midnight two days meet, and some people read the wrong one. Enter %(instead)s: the last second of the day before.",
            instead=facts.get("instead", ""),
        ),
        "time_skipped": _("The clocks go forward then, so this time does not exist. Choose a time an hour later."),
        "time_repeated": _(
            "The clocks go back then, so this time comes twice. Choose a time before or after that hour."
        ),
        "winners_order": _(
            "The winners are announced after the closing and after judging is due. Choose a later time."
        ),
        "date_past": _("This time has passed. Choose a later one."),
        "terms_missing": _("Write the terms in both languages."),
        "text_missing_en": _("The English text is missing."),
        "text_missing_ja": _("The Japanese text is missing."),
        "weights_sum": _("The weights must add up to 100 %%; now they are %(now)s %%.", now=facts.get("now", "")),
        "levels_missing": _("Each level needs a sentence in both languages."),
        "no_criteria": _("Add at least one criterion."),
        "no_deliverables": _("Add at least one thing to hand in that is required."),
        "no_categories": _("Add at least one category."),
        "no_prizes": _("Add at least one prize."),
        "key_taken": _("This name is in use already."),
        "kinds_missing": _("Choose at least one type of file."),
        "too_long": _("This is too long."),
        "statement_missing": _("Write the statement."),
        "title_missing": _("Give the entry a title."),
        "declaration_missing": _("Fill in the declaration; write “none” if nothing applies."),
        "credit_missing": _("Say how you want to be named."),
        "category_missing": _("Choose a category."),
        "alt_missing": _("Write one sentence for those who cannot see the picture."),
        "slot_empty": _("A required file is missing."),
        "files_unchecked": _("A file is still being checked. Wait a few seconds, then submit."),
        "nothing_changed": _("Nothing has changed since the last revision."),
        "upload_unfinished": _("An upload has not finished. Wait for it, or remove it."),
        "cancel_tick": _("Tick the box to call the contest off."),
        "terms_tick": _("Tick the box to accept the terms."),
        "terms_changed": _("The terms changed while you read. Read the new version, then accept it."),
        "terms_not_accepted": _("The terms changed. Read and accept the new version."),
        "slot_unknown": _("This contest does not ask for such a file."),
        "digest_invalid": _("The digest of the file is not valid. Choose the file again."),
        "quota_used": _("You sent more in a day than one entry may. Wait until tomorrow, or ask the organiser."),
        "slot_full": _("This slot is full. Remove a file first."),
        "file_empty": _("The file is empty. Choose it again; if it is empty on your disk too, export it anew."),
        "file_too_large": _("The file is larger than this slot takes. Make it smaller, or ask the organiser."),
        "file_type": _("This type of file is not taken here. See the types named beside the slot."),
        "file_missing": _("Choose a file."),
        "file_here": _("This file is here already, so it was not sent twice."),
        "picture_type": _("This is no PNG, JPEG, WebP or SVG. Save the picture as one of these, then choose it again."),
        "picture_too_large": _("The picture is larger than 20 MB. Save it smaller, then choose it again."),
        "name_invalid": _("This file name cannot be used."),
        "criterion_missing": _("Choose a level for this criterion."),
        "kind_of_conflict": _("Choose what kind of conflict it is."),
        "kind_of_flag": _("Choose what it is about."),
        "flag_words_missing": _("Say in one or two sentences what it is."),
        "flag_there": _("You have told this of the entry already. Take that back first, or wait for the answer."),
        "reason_missing": _("Say in one sentence why."),
        "reason_short": _("Say why in at least %(least)s letters; the log keeps it.", least=facts.get("least", 10)),
        "option_invalid": _("This choice does not fit the method or this contest. Choose again."),
        "judge_conflict": _("This judge stepped back from that entry."),
        "too_few_judges": _("There are fewer judges than each entry needs."),
        "statement_en_ja": _("Write the jury's statement in both languages."),
        "entry_unknown": _("No judged entry of this contest has this number."),
        "entry_twice": _("This entry is given two prizes. Choose one."),
        "prize_over": _("This prize is given more often than there are prizes of it."),
        "due_order": _("Judging is due after the closing and its grace. Choose a later time."),
        "weight_invalid": _("Enter a percentage from 0.1 to 100 with at most one decimal, for example 33.3."),
        "points_range": _("Choose from 3 to 10 levels."),
        "judges_range": _("Choose from 1 to 50 judges."),
        "judge_is_entrant": _("This judge made that entry."),
        "receipt_unreadable": _("This is not the text of a receipt. Paste the whole text, from { to }."),
    }
    return texts[code]
