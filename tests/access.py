"""Who gets what: the access table. Every route and method has its row; an undeclared one fails.

Columns, as in `world.VISITORS`: anonymous, entrant (owner of the entry), other entrant, assigned judge,
other judge, organiser of another contest, organiser, publisher, suspended account.
302 of a guarded page sends the visitor to sign in; 404 is what does not exist for them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.world import World


class Row(NamedTuple):
    url: str
    statuses: tuple[int, ...]
    data: dict[str, Any] | None = None
    json: dict[str, Any] | None = None


def row(url: str, statuses: str, data: dict[str, Any] | None = None, json: dict[str, Any] | None = None) -> Row:
    return Row(url, tuple(int(status) for status in statuses.split()), data, json)


def address(template: str, world: World) -> str:
    """The template with the world's names in it."""
    return template.format(
        live=world.open.slug,
        judged=world.judging.slug,
        done=world.published.slug,
        entry=world.entry.id,
        file=world.file.id,
        preview=world.preview.id,
        code=world.assignment.code,
        assignment=world.assignment.id,
        **world.names,
    )


# fmt: off
TABLE: dict[str, Row] = {
    "api.publication GET": row("/api/v1/publications/{done}/1", "200 200 200 200 200 200 200 200 200"),
    "api.publications GET": row("/api/v1/publications/{done}", "200 200 200 200 200 200 200 200 200"),
    "auth.accept_invitation POST": row("/invitations/no-such-token", "404 404 404 404 404 404 404 404 404"),
    "auth.account GET": row("/account", "302 200 200 200 200 200 200 200 302"),
    "auth.change_account POST": row("/account", "302 422 422 422 422 422 422 422 302"),
    "auth.confirm GET": row("/confirm", "302 200 200 200 200 200 200 200 302"),
    "auth.do_confirm POST": row("/confirm", "302 422 422 422 422 422 422 422 302"),
    "auth.do_enter_code POST": row("/code", "302 302 302 302 302 302 302 302 302"),
    "auth.do_forgot POST": row("/password", "422 422 422 422 422 422 422 422 422"),
    "auth.do_register POST": row("/register", "422 422 422 422 422 422 422 422 422"),
    "auth.do_reset POST": row("/password/new", "302 302 302 302 302 302 302 302 302"),
    "auth.do_sign_in POST": row("/sign-in", "422 422 422 422 422 422 422 422 422"),
    "auth.end_session POST": row("/account/sessions/{file}/end", "302 404 404 404 404 404 404 404 302"),
    "auth.enter_code GET": row("/code", "302 302 302 302 302 302 302 302 302"),
    "auth.forgot GET": row("/password", "200 200 200 200 200 200 200 200 200"),
    "auth.invitation GET": row("/invitations/no-such-token", "404 404 404 404 404 404 404 404 404"),
    "auth.register GET": row("/register", "200 200 200 200 200 200 200 200 200"),
    "auth.reset GET": row("/password/new", "302 302 302 302 302 302 302 302 302"),
    "auth.set_language POST": row("/language", "302 302 302 302 302 302 302 302 302", data={"lang": "ja", "back": "/"}),
    "auth.sign_in GET": row("/sign-in", "200 302 302 302 302 302 302 302 200"),
    "auth.sign_out POST": row("/sign-out", "302 302 302 302 302 302 302 302 302"),
    "files.begin POST": row("/uploads", "401 200 404 404 404 404 404 404 401", json={"entry": "{entry}", "slot": "screens", "name": "a.png", "size": 3, "sha256": "00" * 32, "type": "image/png"}),
    "files.begin_again POST": row("/uploads/{file}/grant", "401 409 404 404 404 404 404 404 401", json={}),
    "files.cancel DELETE": row("/uploads/{file}", "401 204 404 404 404 404 404 404 401", json={}),
    "files.complete POST": row("/uploads/{file}/complete", "401 200 404 404 404 404 404 404 401", json={}),
    "files.original POST": row("/files/{file}/original", "302 302 404 404 404 404 302 302 302"),
    "files.preview GET": row("/previews/{preview}", "302 200 404 404 404 404 200 200 302"),
    "files.remove POST": row("/uploads/{file}/remove", "401 302 404 404 404 404 404 404 401"),
    "files.state GET": row("/uploads/{file}", "401 200 404 404 404 404 404 404 401"),
    "health.healthz GET": row("/healthz", "200 200 200 200 200 200 200 200 200"),
    "health.readyz GET": row("/readyz", "200 200 200 200 200 200 200 200 200"),
    "judging.do_recuse POST": row("/judge/{judged}/{code}/recuse", "302 404 404 302 404 404 404 404 302", data={"kind": "personal", "reason": "My sister made it."}),
    "judging.picture GET": row("/judge/{judged}/{code}/pictures/1/1/320", "302 404 404 200 404 404 404 404 302"),
    "judging.queue GET": row("/judge/{judged}", "302 404 404 200 200 404 404 404 302"),
    "judging.recuse GET": row("/judge/{judged}/{code}/recuse", "302 404 404 200 404 404 404 404 302"),
    "judging.reopen POST": row("/judge/{judged}/{code}/reopen", "302 404 404 404 404 404 404 404 302"),
    "judging.save POST": row("/judge/{judged}/{code}", "302 404 404 302 404 404 404 404 302", data={"version": "0"}),
    "judging.sheet GET": row("/judge/{judged}/{code}", "302 404 404 200 404 404 404 404 302"),
    "manage.add_criterion POST": row("/manage/{live}/rubric/new", "302 404 404 404 404 404 422 422 302"),
    "manage.add_thing POST": row("/manage/{live}/categories/new", "302 404 404 404 404 404 422 422 302"),
    "manage.announce GET": row("/manage/{live}/announce", "302 404 404 404 404 404 200 200 302"),
    "manage.assign POST": row("/manage/{judged}/entries/{judged_number}/judges", "302 404 404 404 404 404 404 404 302"),
    "manage.assignments GET": row("/manage/{judged}/assignments", "302 404 404 404 404 404 200 200 302"),
    "manage.audit GET": row("/manage/{live}/audit", "302 404 404 404 404 404 200 200 302"),
    "manage.categories GET": row("/manage/{live}/categories", "302 404 404 404 404 404 200 200 302"),
    "manage.change_criterion POST": row("/manage/{live}/rubric/{criterion}", "302 404 404 404 404 404 422 422 302"),
    "manage.change_thing POST": row("/manage/{live}/categories/{category}", "302 404 404 404 404 404 422 422 302"),
    "manage.close_judging POST": row("/manage/{judged}/judging/close", "302 404 404 404 404 404 302 403 302"),
    "manage.contest GET": row("/manage/{live}", "302 404 404 404 404 404 200 200 302"),
    "manage.create GET": row("/manage/new", "302 403 403 403 403 200 200 403 302"),
    "manage.criterion GET": row("/manage/{live}/rubric/{criterion}", "302 404 404 404 404 404 200 200 302"),
    "manage.dates GET": row("/manage/{live}/dates", "302 404 404 404 404 404 200 200 302"),
    "manage.deliverables GET": row("/manage/{live}/deliverables", "302 404 404 404 404 404 200 200 302"),
    "manage.desk GET": row("/desk", "302 200 200 200 200 200 200 200 302"),
    "manage.disqualify POST": row("/manage/{judged}/entries/{judged_number}/disqualify", "302 404 404 404 404 404 422 422 302"),
    "manage.do_announce POST": row("/manage/{live}/announce", "302 404 404 404 404 404 302 403 302"),
    "manage.do_create POST": row("/manage/new", "302 422 422 422 422 422 422 422 302"),
    "manage.do_dates POST": row("/manage/{live}/dates", "302 404 404 404 404 404 422 422 302"),
    "manage.do_judges_per_entry POST": row("/manage/{live}/rubric/judges", "302 404 404 404 404 404 422 422 302"),
    "manage.do_terms POST": row("/manage/{live}/terms", "302 404 404 404 404 404 422 422 302"),
    "manage.do_texts POST": row("/manage/{live}/texts", "302 404 404 404 404 404 422 422 302"),
    "manage.do_weights POST": row("/manage/{live}/rubric/weights", "302 404 404 404 404 404 422 422 302"),
    "manage.draw POST": row("/manage/{judged}/assignments", "302 404 404 404 404 404 302 403 302"),
    "manage.entries GET": row("/manage/{judged}/entries", "302 404 404 404 404 404 200 200 302"),
    "manage.entry GET": row("/manage/{judged}/entries/{judged_number}", "302 404 404 404 404 404 200 200 302"),
    "manage.invite POST": row("/manage/{live}/people", "302 404 404 404 404 404 422 422 302"),
    "manage.mail GET": row("/mail", "200 200 200 200 200 200 200 200 200"),
    "manage.move POST": row("/manage/{live}/categories/{category}/move", "302 404 404 404 404 404 403 403 302"),
    "manage.new_criterion GET": row("/manage/{live}/rubric/new", "302 404 404 404 404 404 200 200 302"),
    "manage.new_thing GET": row("/manage/{live}/categories/new", "302 404 404 404 404 404 200 200 302"),
    "manage.open_judging POST": row("/manage/{judged}/judging/open", "302 404 404 404 404 404 403 403 302"),
    "manage.people GET": row("/manage/{live}/people", "302 404 404 404 404 404 200 200 302"),
    "manage.prizes GET": row("/manage/{live}/prizes", "302 404 404 404 404 404 200 200 302"),
    "manage.progress GET": row("/manage/{judged}/progress", "302 404 404 404 404 404 200 200 302"),
    "manage.reinstate POST": row("/manage/{judged}/entries/{judged_number}/reinstate", "302 404 404 404 404 404 302 403 302"),
    "manage.remove POST": row("/manage/{live}/categories/{category}/remove", "302 404 404 404 404 404 403 403 302"),
    "manage.remove_role POST": row("/manage/{live}/people/remove", "302 404 404 404 404 404 404 404 302"),
    "manage.reopen_judging POST": row("/manage/{judged}/judging/reopen", "302 404 404 404 404 404 403 403 302"),
    "manage.rubric GET": row("/manage/{live}/rubric", "302 404 404 404 404 404 200 200 302"),
    "manage.send_invitation_again POST": row("/manage/{live}/invitations/{invitation}/again", "302 404 404 404 404 404 302 403 302"),
    "manage.terms GET": row("/manage/{live}/terms", "302 404 404 404 404 404 200 200 302"),
    "manage.texts GET": row("/manage/{live}/texts", "302 404 404 404 404 404 200 200 302"),
    "manage.thing GET": row("/manage/{live}/categories/{category}", "302 404 404 404 404 404 200 200 302"),
    "manage.unassign POST": row("/manage/{judged}/assignments/{assignment}/remove", "302 404 404 404 404 404 302 403 302"),
    "manage.withdraw_invitation POST": row("/manage/{live}/invitations/{invitation}/withdraw", "302 404 404 404 404 404 302 403 302"),
    "results.approve POST": row("/manage/{done}/results/1/approve", "302 404 404 404 404 404 403 403 302"),
    "results.decide GET": row("/manage/{done}/results", "302 404 404 404 404 404 200 200 302"),
    "results.picture GET": row("/pictures/{done}/1/1/1/320", "200 200 200 200 200 200 200 200 200"),
    "results.propose POST": row("/manage/{done}/results/propose", "302 404 404 404 404 404 302 403 302"),
    "results.publish POST": row("/manage/{done}/results/1/publish", "302 404 404 404 404 404 403 403 302"),
    "results.retract POST": row("/manage/{done}/results/1/retract", "302 404 404 404 404 404 403 422 302"),
    "results.save_awards POST": row("/manage/{done}/results/awards", "302 404 404 404 404 404 302 403 302"),
    "results.winners GET": row("/en/contests/{done}/winners", "200 200 200 200 200 200 200 200 200"),
    "results.winners_any GET": row("/contests/{done}/winners", "302 302 302 302 302 302 302 302 302"),
    "submission.check_receipt GET": row("/receipts/check", "200 200 200 200 200 200 200 200 200"),
    "submission.contest GET": row("/en/contests/{live}", "200 200 200 200 200 200 200 200 200"),
    "submission.contest_any GET": row("/contests/{live}", "302 302 302 302 302 302 302 302 302"),
    "submission.describe_file POST": row("/contests/{live}/entry/files/{file}", "302 409 404 404 404 404 404 404 302"),
    "submission.do_check_receipt POST": row("/receipts/check", "422 422 422 422 422 422 422 422 422"),
    "submission.do_enter POST": row("/contests/{live}/enter", "302 302 302 403 403 422 403 403 302"),
    "submission.do_withdraw POST": row("/contests/{live}/entry/withdraw", "302 302 302 404 404 404 404 404 302"),
    "submission.enter GET": row("/contests/{live}/enter", "302 302 302 403 403 200 403 403 302"),
    "submission.entry GET": row("/contests/{live}/entry", "302 200 200 404 404 404 404 404 302"),
    "submission.entry_files GET": row("/contests/{live}/entry/files", "302 200 200 404 404 404 404 404 302"),
    "submission.receipt GET": row("/contests/{live}/receipts/1", "302 404 404 404 404 404 404 404 302"),
    "submission.receipt_file GET": row("/contests/{live}/receipts/1.json", "302 404 404 404 404 404 404 404 302"),
    "submission.save_entry POST": row("/contests/{live}/entry", "302 409 409 404 404 404 404 404 302"),
    "submission.send_files POST": row("/contests/{live}/entry/files", "302 422 422 404 404 404 404 404 302"),
    "submission.start GET": row("/", "200 200 200 200 200 200 200 200 200"),
    "submission.start_in GET": row("/en/", "200 200 200 200 200 200 200 200 200"),
    "submission.submit POST": row("/contests/{live}/entry/submit", "302 302 302 404 404 404 404 404 302"),
    "submission.withdraw GET": row("/contests/{live}/entry/withdraw", "302 200 200 404 404 404 404 404 302"),
}
# fmt: on
