"""One contest of the demo, from its plan to where the demo shows it, by the services of the application."""

from __future__ import annotations

import io
import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest import clock
from contest.demo import art_wall, content
from contest.demo.content_wall import JURIES, PICTURES
from contest.demo.files import Drawing
from contest.demo.stage import Stage
from contest.errors import Invalid
from contest.models import Assignment, Contest, Entry, EntryFile, Flag, Invitation, MailMessage, Publication, Tally
from contest.services import (
    assignment,
    awards,
    contests,
    covers,
    entries,
    flags,
    invitations,
    judging,
    publications,
    rounds,
    rubric,
    scoring,
    setup,
    uploads,
)
from contest.vocabulary import Role


class Season:
    """One contest from its plan to where the demo shows it."""

    def __init__(self, stage: Stage, planned: content.Contest, drawings: dict[str, list[Drawing]]) -> None:
        self.stage, self.planned, self.drawings = stage, planned, drawings
        self.slug = planned.slug
        self.organiser, self.publisher = planned.organisers[0], planned.publishers[0]
        #: People who are invited; the staff have accounts from the beginning.
        self.outside = {person.key for person in content.JUDGES}

    def when(self, moment: content.Moment) -> datetime:
        """A planned moment in UTC."""
        hours, minutes, seconds = (int(part) for part in moment.clock.split(":"))
        local = clock.to_local(self.stage.today, self.planned.zone) + timedelta(days=moment.days)
        return clock.from_local(
            local.replace(hour=hours, minute=minutes, second=seconds, microsecond=0, tzinfo=None), self.planned.zone
        )

    def live(self) -> None:
        """Live through it: set up, invite, enter, judge, publish, as far as its state says."""
        schedule = self.planned.schedule
        self._set_up(self.when(schedule.announced) - timedelta(days=3))
        self._invite(self.when(schedule.announced) - timedelta(days=2))
        with self.stage.database.at(self.when(schedule.announced)) as session:
            contests.announce(session, self.stage.actor(session, self.organiser), self.slug)
        self._enter_all()
        self.stage.previews()
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

        with self.stage.database.at(moment) as session:
            actor = self.stage.actor(session, self.organiser)
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
                        invitations.grant_role(session, contest.id, self.stage.people[key], role)
        with self.stage.database.at(moment + timedelta(hours=1)) as session:
            actor = self.stage.actor(session, self.organiser)
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
                self.stage.storage,
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
            with self.stage.database.at(moment + timedelta(minutes=number)) as session:
                contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
                invitations.invite(
                    session,
                    self.stage.actor(session, self.organiser),
                    contest,
                    email=person.email,
                    name=person.name,
                    role=role,
                    locale=person.locale,
                )
            self.stage.work(("send_invitation",))
            with self.stage.database.at(moment + timedelta(hours=5, minutes=number)) as session:
                account = invitations.accept_invitation(
                    session, self._token(session, person), name=person.name, zone=person.zone
                )
                account.password_hash, account.latin_name, account.country = (
                    self.stage.hash,
                    person.latin,
                    person.country,
                )
                self.stage.people[key] = account.id

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
        end = min(closes, self.stage.today)
        for number, planned in enumerate(content.entries_of(self.slug)):
            sealed = end - timedelta(minutes=planned.sent_minutes if planned.sent_minutes is not None else 90)
            begun = max(
                opens + timedelta(hours=2 + 7 * number), min(sealed - timedelta(days=4), opens + timedelta(days=9))
            )
            begun = min(begun, sealed - timedelta(hours=2))
            with self.stage.database.at(begun) as session:
                if planned.person not in self.stage.people:
                    self.stage.account(session, named[planned.person])
            self._enter(planned, begun + timedelta(minutes=5), sealed)

    def _enter(self, planned: content.Entry, begun: datetime, sealed: datetime) -> None:
        person = planned.person
        with self.stage.database.at(begun) as session:
            contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
            keys = {
                category.key: stored.id
                for category, stored in zip(self.planned.categories, contest.categories, strict=True)
            }
            entries.enter(
                session,
                self.stage.actor(session, person),
                self.slug,
                accepted_version=contest.terms[-1].version,
                category_id=keys[planned.category],
            )
        with self.stage.database.at(begun + timedelta(minutes=30)) as session:
            actor = self.stage.actor(session, person)
            entry = entries.get_own(session, actor, self.slug)
            details = entries.Details(
                planned.title, planned.statement, planned.declaration.text, planned.credit, keys[planned.category]
            )
            entries.save_details(session, actor, self.slug, details, version=entry.version)
        slots = {slot.key: stored for slot, stored in zip(self.planned.deliverables, self._stored_slots(), strict=True)}
        drawn = self.drawings[planned.key]
        draft = planned.state == "draft"
        with self.stage.database.at(begun + timedelta(minutes=40)) as session:
            actor = self.stage.actor(session, person)
            for slot, name, _, body in drawn[:3] if draft else drawn:
                arrived = uploads.receive(
                    session,
                    actor,
                    self.stage.storage,
                    self.slug,
                    slots[slot],
                    [uploads.Incoming(name, io.BytesIO(body))],
                )
                assert not arrived.refused, arrived
        self.stage.work(("check_file",))
        with self.stage.database.at(begun + timedelta(minutes=55)) as session:
            actor = self.stage.actor(session, person)
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
        with self.stage.database.at(moment) as session:
            actor = self.stage.actor(session, planned.person)
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
                entries.submit(session, actor, self.slug, settings=self.stage.settings)
            except Invalid as error:
                raise RuntimeError(f"{planned.key}: {error.problems}") from error
        self.stage.work()

    def _stored_slots(self) -> list[str]:
        with self.stage.database.unit_of_work() as session:
            contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
            return [slot.key for slot in contest.round.deliverables]

    # Judging ----------------------------------------------------------------------------------------

    def _judge(self) -> None:
        opened = self.when(self.planned.schedule.judging_opens)
        with self.stage.database.at(opened - timedelta(hours=2)) as session:
            actor = self.stage.actor(session, self.organiser)
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
                        judge_id=self.stage.people[score.judge],
                    )
        with self.stage.database.at(opened) as session:
            rounds.open_round(session, self.stage.actor(session, self.organiser), self.slug)
        self.stage.work()
        last = min(self.when(self.planned.schedule.judging_closes), self.stage.today) - timedelta(hours=3)
        recusals = [each for each in content.RECUSALS if content.ENTRY[each.entry].contest == self.slug]
        for each in recusals:
            with self.stage.database.at(opened + timedelta(hours=3)) as session:
                judging.recuse(
                    session,
                    self.stage.actor(session, each.judge),
                    self.slug,
                    self._code(session, each.judge, each.entry),
                    kind=each.kind,
                    reason=each.note,
                )
        scores = content.scores_of(self.slug)
        step = (last - opened) / (len(scores) + 1)
        with self.stage.database.unit_of_work() as session:
            contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
            keys = {
                plan.key: stored.key for plan, stored in zip(self.planned.rubric, contest.round.criteria, strict=True)
            }
        for number, score in enumerate(scores, 1):
            with self.stage.database.at(opened + number * step) as session:
                judging.save(
                    session,
                    self.stage.actor(session, score.judge),
                    self.slug,
                    self._code(session, score.judge, score.entry),
                    version=0,
                    levels={keys[key]: level for key, level in score.levels.items()},
                    note=score.note,
                    comment=score.comment,
                    submit=score.state == "submitted",
                )

        self._tell(last)

    def _tell(self, moment: datetime) -> None:
        """What judges told the app team, and what it answered by now."""
        for each in content.FLAGS:
            if content.ENTRY[each.entry].contest != self.slug:
                continue
            with self.stage.database.at(moment - timedelta(hours=2)) as session:
                judge, code = self.stage.actor(session, each.judge), self._code(session, each.judge, each.entry)
                flags.tell(session, judge, self.slug, code, kind=each.kind, words=each.words)
            if each.answer:
                with self.stage.database.at(moment) as session:
                    asked = session.scalars(select(Flag.id).where(Flag.words == each.words)).one()
                    flags.answer(session, self.stage.actor(session, self.organiser), self.slug, asked, each.answer)
        self.stage.work()

    def _entry(self, session: Session, key: str) -> UUID:
        owner = self.stage.people[content.ENTRY[key].person]
        return session.scalars(
            select(Entry.id).join(Contest).where(Contest.slug == self.slug, Entry.account_id == owner)
        ).one()

    def _code(self, session: Session, judge: str, entry_key: str) -> str:
        return session.scalars(
            select(Assignment.code).where(
                Assignment.entry_id == self._entry(session, entry_key), Assignment.judge_id == self.stage.people[judge]
            )
        ).one()

    # Publishing -------------------------------------------------------------------------------------

    def _publish(self) -> None:
        closed, winners = self.when(self.planned.schedule.judging_closes), self.when(self.planned.schedule.winners)
        with self.stage.database.at(closed) as session:
            rounds.close_round(session, self.stage.actor(session, self.organiser), self.slug)
        self.stage.work()
        with self.stage.database.at(winners - timedelta(days=2)) as session:
            actor = self.stage.actor(session, self.organiser)
            contest = session.scalars(select(Contest).where(Contest.slug == self.slug)).one()
            assert session.scalars(select(Tally.id).where(Tally.round_id == contest.round.id)).first()
            ranked = sorted(self.planned.prizes, key=lambda each: each.rank)
            prizes = {plan.key: stored.key for plan, stored in zip(ranked, contest.prizes, strict=True)}
            awards.propose(session, actor, self.slug, self._picks(session, prizes))
            said, people = JURIES[self.slug]
            awards.save_jury(session, actor, self.slug, statement=dict(said), people=dict(people))
        with self.stage.database.at(winners - timedelta(days=2) + timedelta(hours=1)) as session:
            actor = self.stage.actor(session, self.organiser)
            publications.propose(session, actor, self.slug, scores_to=self.stage.storage)
        self.stage.work()
        with self.stage.database.at(winners - timedelta(days=1)) as session:
            actor, proposed = self.stage.actor(session, self.publisher), self._publication(session)
            publications.approve(session, actor, self.slug, proposed.number, digest=proposed.digest)
        with self.stage.database.at(winners) as session:
            approved = self._publication(session)
            publications.publish(
                session, self.stage.actor(session, self.publisher), self.slug, approved.number, digest=approved.digest
            )
        self.stage.work()
        self.stage.previews()

    def _publication(self, session: Session) -> Publication:
        return session.scalars(
            select(Publication).join(Contest).where(Contest.slug == self.slug).order_by(Publication.number.desc())
        ).first()  # type: ignore[return-value]

    def _picks(self, session: Session, prizes: dict[str, str]) -> list[awards.Pick]:
        picks = []
        for award in content.awards_of(self.slug):
            owner = self.stage.people[content.ENTRY[award.entry].person]
            number = session.scalars(
                select(Entry.number).join(Contest).where(Contest.slug == self.slug, Entry.account_id == owner)
            ).one()
            entry = content.ENTRY[award.entry]
            statement = {
                lang: said.format(title=entry.title, credit=entry.credit) for lang, said in award.statement.items()
            }
            picks.append(awards.Pick(prizes[award.prize], number, statement))
        return picks
