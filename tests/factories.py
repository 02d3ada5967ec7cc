"""Things to arrange a test with: rows as the application would have left them.

`Make` writes through one session and flushes; the test commits when the application must see the rows.
"""

from __future__ import annotations

import hashlib
import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from contest.models import (
    Account,
    Assignment,
    Category,
    Contest,
    ContestPicture,
    Criterion,
    Deliverable,
    Entry,
    EntryFile,
    Flag,
    Membership,
    Preview,
    PreviewPage,
    Prize,
    Publication,
    Revision,
    RevisionFile,
    Round,
    Score,
    Scorecard,
    Similarity,
    Tally,
    Terms,
    TermsAcceptance,
)
from contest.permissions import Actor
from contest.services import accounts
from contest.services.addresses import email_key
from contest.settings import Settings
from contest.vocabulary import Role

_numbers = itertools.count(1)


def both(text: str) -> dict[str, str]:
    return {"en": text, "ja": f"{text}（日本語）"}


class Make:
    def __init__(self, session: Session, settings: Settings) -> None:
        self.session, self.settings = session, settings

    def _add(self, thing: Any) -> Any:
        self.session.add(thing)
        self.session.flush()
        return thing

    def account(self, name: str = "", **values: Any) -> Account:
        """A verified account with a unique address."""
        number = next(_numbers)
        name = name or f"Person {number}"
        email = values.pop("email", f"person{number}@example.org")
        values.setdefault("verified_at", datetime.now(UTC))
        return self._add(Account(email=email, email_key=email_key(email), name=name, **values))

    def actor(self, account: Account, *, fresh: bool = True) -> Actor:
        """The actor that the web layer would make of a signed-in account, with its roles of now."""
        self.session.flush()
        token = accounts.start_session(self.session, account, address="", agent="")
        found = accounts.load_actor(self.session, token)
        assert found is not None
        return found[0] if fresh else Actor(**{**found[0].__dict__, "fresh_at": None})

    def member(self, contest: Contest, role: str, account: Account | None = None) -> Account:
        account = account or self.account()
        self._add(Membership(contest_id=contest.id, account_id=account.id, role=role))
        return account

    def contest(self, phase: str = "open", *, organiser: Account | None = None, **values: Any) -> Contest:
        """A complete contest in a phase: draft, announced, open, grace, judging (entries closed, round planned).

        Or cancelled: while it was open.
        """
        number = next(_numbers)
        now = datetime.now(UTC)
        hour = timedelta(hours=1)
        opens, closes = {
            "draft": (now + hour, now + 48 * hour),
            "announced": (now + hour, now + 48 * hour),
            "open": (now - hour, now + 48 * hour),
            "grace": (now - 48 * hour, now - timedelta(minutes=5)),
            "judging": (now - 72 * hour, now - 2 * hour),
            "cancelled": (now - hour, now + 48 * hour),
        }[phase]
        if phase == "cancelled":
            values = {"cancelled_at": now, "cancelled_reason": both("The building burned down."), **values}
        organiser = organiser or self.account(f"Organiser {number}", is_staff=True)
        deliverables = values.pop("deliverables", None)
        points = values.pop("points", 5)
        judges_per_entry = values.pop("judges_per_entry", 2)
        contest = self._add(
            Contest(
                slug=values.pop("slug", f"contest-{number}"),
                title=values.pop("title", both(f"Contest {number}")),
                summary=both("Design a thing that people can use."),
                brief=both("The first part.\n\nThe second part."),
                host=both("City Bureau"),
                contact="team@example.org",
                zone=values.pop("zone", "Asia/Tokyo"),
                opens_at=values.pop("opens_at", opens),
                closes_at=values.pop("closes_at", closes),
                announced_at=None if phase == "draft" else opens,
                created_by=organiser.id,
                **values,
            )
        )
        self.member(contest, Role.ORGANISER, organiser)
        self._add(Terms(contest_id=contest.id, version=1, text=both("You keep your rights.")))
        for position, key in enumerate(("app", "web"), 1):
            self._add(Category(contest_id=contest.id, key=key, name=both(key.title()), position=position))
        round_ = self._add(Round(contest_id=contest.id, name=both("Final round"), judges_per_entry=judges_per_entry))
        for position, slot in enumerate(
            deliverables
            or [
                {"key": "screens", "kinds": ["png", "jpeg", "webp", "gif", "svg"], "max_files": 8},
                {"key": "document", "kinds": ["pdf"], "required": False},
                {"key": "source", "kinds": ["zip"], "required": False},
            ],
            1,
        ):
            self._add(
                Deliverable(
                    round_id=round_.id,
                    position=position,
                    name=both(slot["key"].title()),
                    max_bytes=slot.get("max_bytes", 20_000_000),
                    **{k: v for k, v in slot.items() if k != "max_bytes"},
                )
            )
        for position, (key, weight) in enumerate((("clarity", 500), ("fit", 300), ("craft", 200)), 1):
            self._add(
                Criterion(
                    round_id=round_.id,
                    key=key,
                    name=both(key.title()),
                    question=both("How well?"),
                    weight=weight,
                    points=points,
                    levels=[both(f"Level {level}") for level in range(1, points + 1)],
                    position=position,
                )
            )
        for position, (key, quantity) in enumerate((("first", 1), ("second", 2)), 1):
            self._add(
                Prize(
                    contest_id=contest.id,
                    key=key,
                    name=both(f"{key.title()} prize"),
                    amount=both("¥100,000"),
                    quantity=quantity,
                    position=position,
                )
            )
        self.session.refresh(contest)
        return contest

    def accept_terms(self, contest: Contest, account: Account) -> None:
        self.session.refresh(contest)
        self._add(TermsAcceptance(terms_id=contest.terms[-1].id, account_id=account.id, accepted_at=datetime.now(UTC)))

    def entry(
        self,
        contest: Contest,
        entrant: Account | None = None,
        *,
        state: str = "submitted",
        files: int = 1,
        **values: Any,
    ) -> Entry:
        """An entry with accepted files; a submitted one has revision 1 sealed (without receipt)."""
        number = next(_numbers)
        entrant = entrant or self.account(f"Entrant {number}")
        self.accept_terms(contest, entrant)
        now = datetime.now(UTC)
        entry = self._add(
            Entry(
                contest_id=contest.id,
                account_id=entrant.id,
                category_id=contest.categories[0].id,
                number=number,
                state=state,
                title=values.pop("title", f"Entry {number}"),
                statement=values.pop("statement", "What it is for."),
                declaration=values.pop("declaration", "None."),
                credit=values.pop("credit", f"Studio {number}"),
                submitted_at=now if state in ("submitted", "disqualified") else None,
                withdrawn_at=now if state == "withdrawn" else None,
                **values,
            )
        )
        for _ in range(files):
            self.file(entry)
        if state in ("submitted", "disqualified"):
            self.revision(entry)
        self.session.refresh(entry)
        return entry

    def file(
        self,
        entry: Entry,
        slot: str = "screens",
        *,
        state: str = "accepted",
        body: bytes = b"",
        storage: Any = None,
        previews: bool = True,
        **values: Any,
    ) -> EntryFile:
        """A file row; with `storage` its bytes are put there too."""
        number = next(_numbers)
        self.session.refresh(entry)
        deliverable = next(d for d in entry.contest.round.deliverables if d.key == slot)
        now = datetime.now(UTC)
        accepted = state == "accepted"
        key = f"entries/{uuid.uuid4()}" if accepted else None
        row = self._add(
            EntryFile(
                entry_id=entry.id,
                deliverable_id=deliverable.id,
                state=state,
                name=values.pop("name", f"screen-{number}.png"),
                declared_size=len(body) or 1000,
                staging_key=f"incoming/{uuid.uuid4()}",
                key=key,
                kind=values.pop("kind", "png") if accepted else None,
                size=(len(body) or 1000) if accepted else None,
                sha256=hashlib.sha256(body or str(number).encode()).digest() if accepted else None,
                alt=values.pop("alt", "A screen with a map."),
                position=number,
                received_at=now if state != "expected" else None,
                accepted_at=now if accepted else None,
                preview_state=values.pop("preview_state", "ready" if accepted else "none"),
                preview_pages=1,
                **values,
            )
        )
        if storage is not None and key:
            storage.put(key, body, content_type="application/octet-stream")
        if accepted and previews:
            for preset in ("320", "1280", "2560"):
                preview = self._add(
                    Preview(
                        file_id=row.id,
                        preset=preset,
                        page=1,
                        key=f"previews/{uuid.uuid4()}",
                        width=int(preset),
                        height=int(preset) // 2,
                        size=10,
                    )
                )
                if storage is not None:
                    storage.put(preview.key, b"RIFF\x04\x00\x00\x00WEBPdata", content_type="image/webp")
        return row

    def page(self, file: EntryFile, page: int = 1, *, turned: Any = (), tiles: Any = (), **values: Any) -> PreviewPage:
        """A page of a file's previews, with hashes to compare it by."""
        values = {"label": "picture", "number": page, "width": 1000, "height": 800} | values
        return self._add(PreviewPage(file_id=file.id, page=page, turned=list(turned), tiles=list(tiles), **values))

    def similarity(self, file: EntryFile, other: EntryFile, **values: Any) -> Similarity:
        """Two files whose first pages look alike."""
        values = {"page": 1, "other_page": 1, "way": "whole", "distance": 3} | values
        return self._add(Similarity(contest_id=file.entry.contest_id, file_id=file.id, other_id=other.id, **values))

    def cover(self, contest: Contest, *, storage: Any = None, **values: Any) -> ContestPicture:
        """The contest's picture, drawn. With `storage` its objects are written too."""
        sizes = [
            {"preset": preset, "key": f"covers/{uuid.uuid4()}", "width": width, "height": height}
            for preset, width, height in (
                ("320", 320, 160),
                ("1280", 1280, 640),
                ("2560", 2560, 1280),
                ("card", 1200, 630),
            )
        ]
        if storage is not None:
            for size in sizes:
                storage.put(size["key"], b"RIFF\x04\x00\x00\x00WEBPdata", content_type="image/webp")
        given = {
            "state": "ready",
            "original_key": f"covers/{uuid.uuid4()}",
            "kind": "png",
            "alt": {"en": "A bay with ferries.", "ja": "渡船のある湾。"},
            "sizes": sizes,
            "changed_at": datetime.now(UTC),
        }
        picture = self._add(ContestPicture(contest_id=contest.id, **given | values))
        self.session.expire(contest, ["picture"])
        return picture

    def revision(self, entry: Entry, number: int = 1) -> Revision:
        """Seal the entry's draft as a revision, without a receipt."""
        self.session.refresh(entry)
        revision = self._add(
            Revision(
                entry_id=entry.id,
                number=number,
                sealed_at=datetime.now(UTC),
                category_id=entry.category_id,
                title=entry.title,
                statement=entry.statement,
                declaration=entry.declaration,
                credit=entry.credit,
            )
        )
        files = [row for row in entry.files if row.state == "accepted" and row.removed_at is None]
        for position, row in enumerate(files, 1):
            self._add(RevisionFile(revision_id=revision.id, file_id=row.id, position=position, alt=row.alt))
        return revision

    def open_round(self, contest: Contest) -> Round:
        round_ = contest.round
        round_.state, round_.opened_at = "open", datetime.now(UTC)
        self.session.flush()
        return round_

    def close_round(self, contest: Contest) -> Round:
        round_ = contest.round
        round_.opened_at = round_.opened_at or datetime.now(UTC)
        round_.state, round_.closed_at = "closed", datetime.now(UTC)
        self.session.flush()
        return round_

    def proposal(self, contest: Contest, **values: Any) -> Publication:
        """A publication that waits for a second person, and the tally that it stands on."""
        now = datetime.now(UTC)
        tally = self._add(
            Tally(
                round_id=contest.round.id,
                number=1,
                method="additive",
                params={},
                engine_version="1",
                input_digest="a",
                result_digest="b",
                n_entries=0,
                n_judges=0,
                n_scorecards=0,
                excluded=[],
                created_at=now,
            )
        )
        return self._add(
            Publication(
                contest_id=contest.id,
                tally_id=tally.id,
                number=1,
                snapshot={"awards": []},
                digest="d",
                proposed_by=contest.created_by,
                proposed_at=now,
                **values,
            )
        )

    def assignment(self, entry: Entry, judge: Account, **values: Any) -> Assignment:
        number = next(_numbers)
        return self._add(
            Assignment(
                round_id=entry.contest.round.id,
                entry_id=entry.id,
                judge_id=judge.id,
                code=values.pop("code", f"B-{1000 + number}"),
                position=values.pop("position", number),
                **values,
            )
        )

    def flag(self, assignment: Assignment, kind: str = "discuss", **values: Any) -> Flag:
        """What a judge told the app team just now."""
        values.setdefault("created_at", datetime.now(UTC))
        return self._add(Flag(assignment_id=assignment.id, kind=kind, **values))

    def scorecard(
        self, assignment: Assignment, levels: list[int | None], *, state: str = "submitted", total: int | None = None
    ) -> Scorecard:
        """A scorecard with levels per criterion in order; its total by the scoring module unless given."""
        from contest.scoring import rubric

        now = datetime.now(UTC)
        criteria = assignment.entry.contest.round.criteria
        complete = all(level is not None for level in levels)
        if total is None and complete:
            total = rubric.total(
                [rubric.Criterion(c.key, c.weight, c.points) for c in criteria],
                {c.key: level for c, level in zip(criteria, levels, strict=True) if level is not None},
            )
        self.session.refresh(assignment.entry)
        card = self._add(
            Scorecard(
                assignment_id=assignment.id,
                round_id=assignment.round_id,
                entry_id=assignment.entry_id,
                judge_id=assignment.judge_id,
                revision_id=assignment.entry.revisions[-1].id,
                state=state,
                total=total,
                updated_at=now,
                submitted_at=now if state == "submitted" else None,
            )
        )
        for criterion, level in zip(criteria, levels, strict=True):
            if level is not None:
                self._add(Score(scorecard_id=card.id, criterion_id=criterion.id, points=level))
        return card
