"""Fill a demo: three contests lived through by the services themselves, weeks in a minute.

Every act goes through the same service as in the application, at its own moment of a database clock
that stands in the past (`past`). Previews are rendered by the confined renderer, as the worker would.
"""

from __future__ import annotations

import io
import os
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from contest import clock, jobs, outbox
from contest.demo import art_wall, content
from contest.demo.content_wall import JURIES, PICTURES
from contest.demo.files import drawings_of_all
from contest.demo.past import PastDatabase, PastWork
from contest.errors import Invalid
from contest.models import (
    Account,
    Assignment,
    Contest,
    Entry,
    EntryFile,
    Invitation,
    LoginSession,
    MailMessage,
    OutboxItem,
    Publication,
    Tally,
)
from contest.permissions import Actor
from contest.previews import tools
from contest.previews.client import PreviewServer
from contest.services import (
    accounts,
    assignment,
    awards,
    contests,
    covers,
    entries,
    invitations,
    judging,
    publications,
    rounds,
    rubric,
    scoring,
    setup,
    uploads,
)
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import Role

#: Jobs that need the renderer; they are done together, in one.
_RENDERED = ("make_previews", "make_thumbnail", "draw_cover", "draw_card")
#: People whose accounts the demo prints, per role.
_SHOWN = {"admin": 1, "organiser": 1, "publisher": 2, "judge": 4, "entrant": 2}


def fill(settings: Settings, *, password: str, empty: bool) -> dict[str, Any]:
    """Make the demo's content. Returns accounts by role and contests by state, for demo.json."""
    storage = Storage.from_settings(settings)
    database = PastDatabase(settings.database_url)
    try:
        return _Demo(settings, database, storage, password).fill(empty=empty)
    finally:
        database.close()


class _Demo:
    def __init__(self, settings: Settings, database: PastDatabase, storage: Storage, password: str) -> None:
        self.settings, self.database, self.storage, self.password = settings, database, storage, password
        self.hash = accounts.hash_password(password)
        self.today = datetime.now(UTC)
        self.people: dict[str, UUID] = {}

    def fill(self, *, empty: bool) -> dict[str, Any]:
        start = self.today - timedelta(days=120)
        admin = {"email": "admin@contest.example", "password": self.password, "name": "Administrator"}
        with self.database.at(start) as session:
            made = accounts.create_account(
                session, email=admin["email"], name=admin["name"], is_admin=True, is_staff=True
            )
            made.password_hash = self.hash
        if empty:
            return {"accounts": {"admin": [admin]}, "contests": {}}
        with self.database.at(start + timedelta(hours=1)) as session:
            for person in content.STAFF:
                self._account(session, person, is_staff=True)
        drawings = drawings_of_all()
        for planned in content.CONTESTS:
            _Season(self, planned, drawings).live()
        with self.database.at(datetime.now(UTC)) as session:
            # What the seasons' acts owed is done or dull by now; only real visitors' jobs shall follow.
            session.execute(
                update(OutboxItem).where(OutboxItem.done_at.is_(None)).values(done_at=func.clock_timestamp())
            )
            session.execute(
                update(MailMessage).where(MailMessage.sent_at.is_(None)).values(sent_at=MailMessage.created_at)
            )
            session.execute(update(LoginSession).values(revoked_at=func.clock_timestamp()))
            return self._facts(session, admin)

    def _account(self, session: Session, person: content.Person, *, is_staff: bool = False) -> None:
        made = accounts.create_account(
            session,
            email=person.email,
            name=person.name,
            latin_name=person.latin,
            locale=person.locale,
            zone=person.zone,
            country=person.country,
            is_staff=is_staff,
        )
        made.password_hash = self.hash
        self.people[person.key] = made.id

    def actor(self, session: Session, key: str) -> Actor:
        """The actor of a person, as a sign-in at this moment would make it."""
        session.flush()
        token = accounts.start_session(
            session, session.get_one(Account, self.people[key]), address="192.0.2.7", agent="Demo"
        )
        found = accounts.load_actor(session, token)
        assert found is not None
        return found[0]

    def work(self, names: tuple[str, ...] | None = None) -> None:
        """Do owed jobs of these names (all but those for the renderer by default), at the moment of the last act."""
        while True:
            with self.database.unit_of_work() as session:
                wanted = select(OutboxItem).where(OutboxItem.done_at.is_(None)).order_by(OutboxItem.id)
                wanted = (
                    wanted.where(OutboxItem.job.in_(names)) if names else wanted.where(OutboxItem.job.not_in(_RENDERED))
                )
                owed = [(item.id, item.job, dict(item.args), item.fence) for item in session.scalars(wanted)]
            if not owed:
                return
            for item_id, name, args, fence in owed:
                self.do(item_id, name, args, fence)

    def do(self, item_id: int, name: str, args: dict[str, Any], fence: int) -> None:
        server = outbox.QueueServer(self.settings.redis_url)
        jobs.function(name)(PastWork(self.settings, self.database, server, self.storage, item_id, fence), **args)

    def previews(self) -> None:
        """Render what is owed, two files at a time, in one confined renderer."""
        with self.database.unit_of_work() as session:
            owed = [
                (item.id, item.job, dict(item.args), item.fence)
                for item in session.scalars(
                    select(OutboxItem)
                    .where(OutboxItem.done_at.is_(None), OutboxItem.job.in_(_RENDERED))
                    # Nobody waits for a first look here: after the whole there is nothing left to do for it.
                    .order_by(OutboxItem.job == "make_thumbnail", OutboxItem.id)
                )
            ]
        with _renderer(self.settings), ThreadPoolExecutor(2) as pool:
            for _ in pool.map(lambda each: self.do(*each), owed):
                pass

    def _facts(self, session: Session, admin: dict[str, str]) -> dict[str, Any]:
        def told(keys: list[str]) -> list[dict[str, str]]:
            named = {person.key: person for person in (*content.STAFF, *content.JUDGES, *content.ENTRANTS)}
            return [{"email": named[key].email, "password": self.password, "name": named[key].name} for key in keys]

        def unique(keys: list[str]) -> list[str]:
            return list(dict.fromkeys(keys))

        by_state = {contest.state: contest for contest in content.CONTESTS}
        current = by_state["judging"]
        draft = next(e.person for e in content.entries_of(by_state["open"].slug) if e.state == "draft")
        entrants = unique([draft, *(e.person for e in content.entries_of(by_state["open"].slug) if e.state != "draft")])
        roles = {
            "organiser": unique([key for contest in content.CONTESTS for key in contest.organisers]),
            "publisher": unique([key for contest in content.CONTESTS for key in (*contest.publishers, contest.chair)]),
            "judge": list(current.judges),
            "entrant": entrants,
        }
        return {
            "accounts": {"admin": [admin]} | {role: told(keys)[: _SHOWN[role]] for role, keys in roles.items()},
            "contests": {
                state: {"slug": contest.slug, "title": dict(contest.title)} for state, contest in by_state.items()
            },
        }


@contextmanager
def _renderer(settings: Settings) -> Iterator[None]:
    """A renderer and the programs of PREVIEW_TOOLS, told to the jobs as a worker does."""
    found = tools.find(settings.tools)
    with PreviewServer(allow_unconfined=True) as server:
        told = {"CONTEST_RENDERER": server.address} | ({tools.VARIABLE: found.encode()} if found else {})
        os.environ.update(told)
        try:
            yield
        finally:
            for name in told:
                del os.environ[name]


class _Season:
    """One contest from its plan to where the demo shows it."""

    def __init__(
        self, demo: _Demo, planned: content.Contest, drawings: dict[str, list[tuple[str, str, str, bytes]]]
    ) -> None:
        self.demo, self.planned, self.drawings = demo, planned, drawings
        self.slug = planned.slug
        self.organiser, self.publisher = planned.organisers[0], planned.publishers[0]
        #: People who are invited; the staff have accounts from the beginning.
        self.outside = {person.key for person in content.JUDGES}

    def when(self, moment: content.Moment) -> datetime:
        hours, minutes, seconds = (int(part) for part in moment.clock.split(":"))
        local = clock.to_local(self.demo.today, self.planned.zone) + timedelta(days=moment.days)
        return clock.from_local(
            local.replace(hour=hours, minute=minutes, second=seconds, microsecond=0, tzinfo=None), self.planned.zone
        )

    def live(self) -> None:
        schedule = self.planned.schedule
        self._set_up(self.when(schedule.announced) - timedelta(days=3))
        self._invite(self.when(schedule.announced) - timedelta(days=2))
        with self.demo.database.at(self.when(schedule.announced)) as session:
            contests.announce(session, self.demo.actor(session, self.organiser), self.slug)
        self._enter_all()
        self.demo.previews()
        if self.planned.state == "open":
            return
        self._judge()
        if self.planned.state == "published":
            self._publish()

    # Setting up -------------------------------------------------------------------------------------

    def _set_up(self, moment: datetime) -> None:
        plan, schedule = self.planned, self.planned.schedule

        def local(given: content.Moment) -> datetime:
            return clock.to_local(self.when(given), plan.zone).replace(tzinfo=None)

        with self.demo.database.at(moment) as session:
            actor = self.demo.actor(session, self.organiser)
            contest = contests.create(
                session, actor, slug=plan.slug, title=dict(plan.title), default_locale="ja", zone=plan.zone
            )
            session.flush()
            for role, keys in (
                (Role.ORGANISER, plan.organisers),
                (Role.PUBLISHER, plan.publishers),
                (Role.CHAIR, (plan.chair,)),
            ):
                for key in keys:
                    if key not in self.outside:
                        invitations.grant_role(session, contest.id, self.demo.people[key], role)
        with self.demo.database.at(moment + timedelta(hours=1)) as session:
            actor = self.demo.actor(session, self.organiser)
            contests.change_texts(
                session,
                actor,
                plan.slug,
                title=dict(plan.title),
                summary=dict(plan.summary),
                brief=dict(plan.brief),
                host=dict(plan.host),
                contact="contest@shiosaki.example",
            )
            contests.change_terms(session, actor, plan.slug, text=dict(plan.terms))
            contests.change_dates(
                session,
                actor,
                plan.slug,
                zone=plan.zone,
                opens_at=local(schedule.opens),
                closes_at=local(schedule.closes),
                grace_minutes=schedule.grace_seconds // 60,
                due_at=local(schedule.judging_closes),
                winners_at=local(schedule.winners),
            )
            for category in plan.categories:
                setup.save_category(session, actor, plan.slug, None, name=dict(category.name))
            for slot in plan.deliverables:
                setup.save_deliverable(
                    session,
                    actor,
                    plan.slug,
                    None,
                    name=dict(slot.name),
                    hint=dict(slot.hint),
                    required=slot.required,
                    kinds=slot.kinds,
                    max_bytes=slot.max_bytes,
                    max_files=slot.max_files,
                )
            for prize in sorted(plan.prizes, key=lambda each: each.rank):
                setup.save_prize(
                    session,
                    actor,
                    plan.slug,
                    None,
                    name=dict(prize.name),
                    amount=dict(prize.amount),
                    quantity=prize.count,
                )
            for criterion in plan.rubric:
                rubric.save_criterion(
                    session,
                    actor,
                    plan.slug,
                    None,
                    name=dict(criterion.name),
                    question=dict(criterion.question),
                    weight=criterion.weight,
                    points=plan.scale_points,
                    levels=[dict(level) for level in criterion.levels],
                )
            rubric.set_judges_per_entry(session, actor, plan.slug, plan.judges_per_entry or len(plan.judges))
            scoring.set_method(session, actor, plan.slug, method=plan.method, options={})
            alt, caption = PICTURES[plan.slug]
            covers.save(
                session,
                actor,
                self.demo.storage,
                plan.slug,
                incoming=uploads.Incoming("picture.svg", io.BytesIO(art_wall.picture(plan.subject))),
                alt=dict(alt),
                caption=dict(caption),
            )

    def _invite(self, moment: datetime) -> None:
        """Judges (and a chair from outside) get a mail and accept by its link."""
        named = {person.key: person for person in content.JUDGES}
        wanted = [(key, Role.JUDGE) for key in self.planned.judges]
        if self.planned.chair in self.outside:
            wanted.append((self.planned.chair, Role.CHAIR))
        for number, (key, role) in enumerate(wanted):
            person = named[key]
            with self.demo.database.at(moment + timedelta(minutes=number)) as session:
                contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
                invitations.invite(
                    session,
                    self.demo.actor(session, self.organiser),
                    contest,
                    email=person.email,
                    name=person.name,
                    role=role,
                    locale=person.locale,
                )
            self.demo.work(("send_invitation",))
            with self.demo.database.at(moment + timedelta(hours=5, minutes=number)) as session:
                account = invitations.accept_invitation(
                    session, self._token(session, person), name=person.name, zone=person.zone
                )
                account.password_hash, account.latin_name, account.country = (
                    self.demo.hash,
                    person.latin,
                    person.country,
                )
                self.demo.people[key] = account.id

    def _token(self, session: Session, person: content.Person) -> str:
        invitation = session.scalars(
            select(Invitation)
            .join(Contest, Contest.id == Invitation.contest_id)
            .where(Invitation.email == person.email, Contest.slug == self.slug, Invitation.accepted_at.is_(None))
            .order_by(Invitation.created_at)
        ).first()
        assert invitation is not None
        body = session.scalars(
            select(MailMessage.text).where(MailMessage.key.startswith(f"invitation:{invitation.id}:"))
        ).first()
        found = re.search(r"/invitations/(\S+)", body or "")
        assert found
        return found.group(1)

    # Entering ---------------------------------------------------------------------------------------

    def _enter_all(self) -> None:
        named = {person.key: person for person in content.ENTRANTS}
        opens, closes = self.when(self.planned.schedule.opens), self.when(self.planned.schedule.closes)
        end = min(closes, self.demo.today)
        for number, planned in enumerate(content.entries_of(self.slug)):
            sealed = end - timedelta(minutes=planned.sent_minutes if planned.sent_minutes is not None else 90)
            begun = max(
                opens + timedelta(hours=2 + 7 * number), min(sealed - timedelta(days=4), opens + timedelta(days=9))
            )
            begun = min(begun, sealed - timedelta(hours=2))
            with self.demo.database.at(begun) as session:
                if planned.person not in self.demo.people:
                    self.demo._account(session, named[planned.person])
            self._enter(planned, begun + timedelta(minutes=5), sealed)

    def _enter(self, planned: content.Entry, begun: datetime, sealed: datetime) -> None:
        person = planned.person
        with self.demo.database.at(begun) as session:
            contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
            keys = {
                category.key: stored.id
                for category, stored in zip(self.planned.categories, contest.categories, strict=True)
            }
            entries.enter(
                session,
                self.demo.actor(session, person),
                self.slug,
                accepted_version=contest.terms[-1].version,
                category_id=keys[planned.category],
            )
        with self.demo.database.at(begun + timedelta(minutes=30)) as session:
            actor = self.demo.actor(session, person)
            entry = entries.get_own(session, actor, self.slug)
            details = entries.Details(
                planned.title, planned.statement, planned.declaration.text, planned.credit, keys[planned.category]
            )
            entries.save_details(session, actor, self.slug, details, version=entry.version)
        slots = {slot.key: stored for slot, stored in zip(self.planned.deliverables, self._stored_slots(), strict=True)}
        drawn = self.drawings[planned.key]
        draft = planned.state == "draft"
        with self.demo.database.at(begun + timedelta(minutes=40)) as session:
            actor = self.demo.actor(session, person)
            for slot, name, _, body in drawn[:3] if draft else drawn:
                arrived = uploads.receive(
                    session,
                    actor,
                    self.demo.storage,
                    self.slug,
                    slots[slot],
                    [uploads.Incoming(name, io.BytesIO(body))],
                )
                assert not arrived.refused, arrived
        self.demo.work(("check_file",))
        with self.demo.database.at(begun + timedelta(minutes=55)) as session:
            actor = self.demo.actor(session, person)
            entry = entries.get_own(session, actor, self.slug)
            alts = {name: alt for _, name, alt, _ in drawn}
            described = session.scalars(
                select(EntryFile).where(EntryFile.entry_id == entry.id).order_by(EntryFile.position)
            )
            for number, row in enumerate(list(described)):
                if alts[row.name] and not (draft and number == 2):
                    uploads.describe(session, actor, row.id, alt=alts[row.name], was="")
        if draft:
            return
        for revision in range(planned.revisions):
            moment = sealed - timedelta(hours=26) * (planned.revisions - 1 - revision)
            moment = max(moment, begun + timedelta(hours=1 + revision))
            self._submit(planned, moment, last=revision == planned.revisions - 1, number=revision)

    def _submit(self, planned: content.Entry, moment: datetime, *, last: bool, number: int) -> None:
        with self.demo.database.at(moment) as session:
            actor = self.demo.actor(session, planned.person)
            entry = entries.get_own(session, actor, self.slug)
            kept = entries.details_of(entry)
            said = (
                planned.statement
                if last
                else planned.statement[: len(planned.statement) * (number + 1) // (planned.revisions + 1)]
            )
            changed = entries.Details(kept.title, said, kept.declaration, kept.credit, kept.category_id)
            entries.save_details(session, actor, self.slug, changed, version=entry.version)
            session.flush()
            try:
                entries.submit(session, actor, self.slug, settings=self.demo.settings)
            except Invalid as error:
                raise RuntimeError(f"{planned.key}: {error.problems}") from error
        self.demo.work()

    def _stored_slots(self) -> list[str]:
        with self.demo.database.unit_of_work() as session:
            contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
            return [slot.key for slot in contest.round.deliverables]

    # Judging ----------------------------------------------------------------------------------------

    def _judge(self) -> None:
        opened = self.when(self.planned.schedule.judging_opens)
        with self.demo.database.at(opened - timedelta(hours=2)) as session:
            actor = self.demo.actor(session, self.organiser)
            if self.planned.judges_per_entry is None:
                assignment.assign_balanced(session, actor, self.slug, seed=secrets.token_hex(16))
            else:
                # Not by lot: who judged what must fit what stands in the content.
                for score in content.scores_of(self.slug):
                    assignment.assign_one(
                        session,
                        actor,
                        self.slug,
                        entry_id=self._entry(session, score.entry),
                        judge_id=self.demo.people[score.judge],
                    )
        with self.demo.database.at(opened) as session:
            rounds.open_round(session, self.demo.actor(session, self.organiser), self.slug)
        self.demo.work()
        last = min(self.when(self.planned.schedule.judging_closes), self.demo.today) - timedelta(hours=3)
        recusals = [each for each in content.RECUSALS if content.ENTRY[each.entry].contest == self.slug]
        for each in recusals:
            with self.demo.database.at(opened + timedelta(hours=3)) as session:
                judging.recuse(
                    session,
                    self.demo.actor(session, each.judge),
                    self.slug,
                    self._code(session, each.judge, each.entry),
                    kind=each.kind,
                    reason=each.note,
                )
        scores = content.scores_of(self.slug)
        step = (last - opened) / (len(scores) + 1)
        with self.demo.database.unit_of_work() as session:
            contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
            keys = {
                plan.key: stored.key for plan, stored in zip(self.planned.rubric, contest.round.criteria, strict=True)
            }
        for number, score in enumerate(scores, 1):
            with self.demo.database.at(opened + number * step) as session:
                judging.save(
                    session,
                    self.demo.actor(session, score.judge),
                    self.slug,
                    self._code(session, score.judge, score.entry),
                    version=0,
                    levels={keys[key]: level for key, level in score.levels.items()},
                    note=score.note,
                    comment=score.comment,
                    submit=score.state == "submitted",
                )

    def _entry(self, session: Session, key: str) -> UUID:
        owner = self.demo.people[content.ENTRY[key].person]
        return session.scalars(
            select(Entry.id).join(Contest).where(Contest.slug == self.slug, Entry.account_id == owner)
        ).one()

    def _code(self, session: Session, judge: str, entry_key: str) -> str:
        return session.scalars(
            select(Assignment.code).where(
                Assignment.entry_id == self._entry(session, entry_key), Assignment.judge_id == self.demo.people[judge]
            )
        ).one()

    # Publishing -------------------------------------------------------------------------------------

    def _publish(self) -> None:
        closed, winners = self.when(self.planned.schedule.judging_closes), self.when(self.planned.schedule.winners)
        with self.demo.database.at(closed) as session:
            rounds.close_round(session, self.demo.actor(session, self.organiser), self.slug)
        self.demo.work()
        with self.demo.database.at(winners - timedelta(days=2)) as session:
            actor = self.demo.actor(session, self.organiser)
            contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
            assert session.scalars(select(Tally.id).where(Tally.round_id == contest.round.id)).first()
            ranked = sorted(self.planned.prizes, key=lambda each: each.rank)
            prizes = {plan.key: stored.key for plan, stored in zip(ranked, contest.prizes, strict=True)}
            awards.propose(session, actor, self.slug, self._picks(session, prizes))
            said, people = JURIES[self.slug]
            awards.save_jury(session, actor, self.slug, statement=dict(said), people=dict(people))
        with self.demo.database.at(winners - timedelta(days=2) + timedelta(hours=1)) as session:
            publications.propose(session, self.demo.actor(session, self.organiser), self.slug)
        self.demo.work()
        with self.demo.database.at(winners - timedelta(days=1)) as session:
            proposed = self._publication(session)
            publications.approve(
                session, self.demo.actor(session, self.publisher), self.slug, proposed.number, digest=proposed.digest
            )
        with self.demo.database.at(winners) as session:
            approved = self._publication(session)
            publications.publish(
                session, self.demo.actor(session, self.publisher), self.slug, approved.number, digest=approved.digest
            )
        self.demo.work()
        self.demo.previews()

    def _publication(self, session: Session) -> Publication:
        return session.scalars(
            select(Publication).join(Contest).where(Contest.slug == self.slug).order_by(Publication.number.desc())
        ).first()  # type: ignore[return-value]

    def _picks(self, session: Session, prizes: dict[str, str]) -> list[awards.Pick]:
        picks = []
        for award in content.awards_of(self.slug):
            owner = self.demo.people[content.ENTRY[award.entry].person]
            number = session.scalars(
                select(Entry.number).join(Contest).where(Contest.slug == self.slug, Entry.account_id == owner)
            ).one()
            entry = content.ENTRY[award.entry]
            statement = {
                lang: said.format(title=entry.title, credit=entry.credit) for lang, said in award.statement.items()
            }
            picks.append(awards.Pick(prizes[award.prize], number, statement))
        return picks
