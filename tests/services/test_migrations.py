"""Databases of older releases, with rows in them, brought to the newest schema: the rows mean what they meant.

The rows are written by SQL, as the release of that revision would have left them; today's models know nothing of it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, create_engine, make_url, text

from contest import create_app, schema
from contest.db import Database
from contest.embedded import Addresses
from contest.models import Account, Analysis, Contest, EntryFile, Invitation, OutboxItem
from contest.scoring import digest
from contest.scoring.rubric import FULL
from contest.services import codes, publications, results
from contest.services.addresses import email_key
from contest.settings import Settings
from contest.vocabulary import CodePurpose
from tests.pages import Pages

REVISIONS = [one.revision for one in reversed(list(ScriptDirectory.from_config(schema.config("")).walk_revisions()))]
#: What a release of a revision wrote as the version of a publication's snapshot.
FORMATS = {"0001": 1, "0002": 2, "0003": 3, "0004": 4, "0005": 5, "0006": 6}
DAY = "2025-0{}-01T09:00:00+09:00"
TITLES = ("Ferry times", "Quiet harbour", "Copied work")
#: Both judges gave 5 and 4 of 5 points to the first, 3 and 3 to the second; 504 is 2520 / 5.
TOTALS = (2 * (600 * 5 + 400 * 4) * 504, 2 * (600 * 3 + 400 * 3) * 504)


def both(words: str) -> dict[str, str]:
    return {"en": words, "ja": f"{words}（日本語）"}


def uid(number: int) -> str:
    return str(uuid.UUID(int=number))


@dataclass(frozen=True)
class Old:
    """A database at an older revision, written by SQL."""

    connection: Connection
    revision: str

    def add(self, table: str, **values: Any) -> None:
        named = {
            name: Jsonb(value) if isinstance(value, dict | list) else list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }
        places = ", ".join(f":{name}" for name in named)
        self.connection.execute(text(f"INSERT INTO {table} ({', '.join(named)}) VALUES ({places})"), named)

    def people(self) -> None:
        names = ("Organiser", "Publisher", "Judge One", "Judge Two", "Tanaka Aoi", "Ngozi Obi", "Copy Cat")
        for number, name in enumerate(names, 1):
            email = f"person{number}@example.org"
            self.add("account", id=uid(number), email=email, email_key=email, name=name, is_staff=number < 3)
        self.add("signing_key", id="old-key", public_key=b"\x01" * 32)

    def addresses(self) -> None:
        """Accounts known by a domain as their release read it: two of one address, and one that waits for a code."""
        new = self.revision >= "0006"
        street = "a@straße.example.org" if new else "a@strasse.example.org"
        for number, (email, key) in enumerate(
            (
                ("a@straße.example.org", street),
                ("b@例え.jp", "b@例え.jp"),
                ("b@xn--r8jz45g.jp", "b@xn--r8jz45g.jp"),
                ("c@xn--r8jz45g.jp", "c@例え.jp" if new else "c@xn--r8jz45g.jp"),
            ),
            21,
        ):
            self.add(
                "account",
                id=uid(number),
                email=email,
                email_key=key,
                name=f"Person {number}",
                verified_at=DAY.format(1),
            )
        self.add(
            "code", id=uid(31), email_key=street, purpose="sign_in", account_id=uid(21),
            code_hash=hashlib.sha256(f"sign_in\0{street}\x0012345678".encode()).digest(),
            expires_at="2999-01-01T00:00:00Z",
        )  # fmt: skip
        twice = "c@例え.jp" if new else "c@xn--r8jz45g.jp"
        for number, (email, key, revoked) in enumerate(
            (
                ("c@例え.jp", "c@例え.jp", None),
                ("c@xn--r8jz45g.jp", twice, DAY.format(1) if new else None),
                ("a@straße.example.org", street, None),
            ),
            41,
        ):
            self.add(
                "invitation", id=uid(number), role="staff", email=email, email_key=key, invited_by=uid(1),
                expires_at="2999-01-01T00:00:00Z", revoked_at=revoked,
            )  # fmt: skip

    def contest(self, base: int, slug: str, *, published: bool) -> None:
        """A contest that was judged and tallied: two entries ranked, one disqualified; and perhaps published."""
        ids = {name: uid(base + number) for number, name in enumerate(("contest", "round", "prize", "tally"))}
        self.add(
            "contest", id=ids["contest"], slug=slug, title=both("Ferry app"), created_by=uid(1),
            opens_at=DAY.format(1), closes_at=DAY.format(2), announced_at=DAY.format(1),
            published_at=DAY.format(4) if published else None,
        )  # fmt: skip
        for number, role in ((1, "organiser"), (2, "publisher"), (3, "judge"), (4, "judge")):
            self.add(
                "membership", id=uid(base + 10 + number), contest_id=ids["contest"], account_id=uid(number), role=role
            )
        self.add("terms", id=uid(base + 20), contest_id=ids["contest"], version=1, text=both("You keep your rights."))
        self.add("category", id=uid(base + 21), contest_id=ids["contest"], key="app", name=both("App"), position=1)
        self.add(
            "round", id=ids["round"], contest_id=ids["contest"], name=both("Final"), judges_per_entry=2,
            state="confirmed" if published else "tallied", opened_at=DAY.format(2), closed_at=DAY.format(3),
            rubric_frozen_at=DAY.format(2),
        )  # fmt: skip
        for number, (key, weight) in enumerate((("clarity", 600), ("craft", 400)), 1):
            self.add(
                "criterion", id=uid(base + 30 + number), round_id=ids["round"], key=key, name=both(key), weight=weight,
                points=5, levels=[both(f"Level {level}") for level in range(1, 6)], position=number,
            )  # fmt: skip
        for number, (key, kinds) in enumerate((("screens", ("png",)), ("source", ("zip",))), 1):
            self.add(
                "deliverable", id=uid(base + 40 + number), round_id=ids["round"], key=key, name=both(key), kinds=kinds,
                max_bytes=20_000_000, position=number,
            )  # fmt: skip
        self.add("prize", id=ids["prize"], contest_id=ids["contest"], key="first", name=both("First prize"), position=1)
        for number, title in enumerate(TITLES, 1):
            self.entry(base, number, title)
        for number, points in ((1, (5, 4)), (2, (3, 3))):
            for judge in (3, 4):
                self.scorecard(base, number, judge, points)
        self.tally(base, ids)
        if published:
            self.publication(base, ids, slug)

    def entry(self, base: int, number: int, title: str) -> None:
        entry, revision, account = uid(base + 100 * number), uid(base + 100 * number + 1), uid(number + 4)
        self.add("terms_acceptance", id=uid(base + 100 * number + 2), terms_id=uid(base + 20), account_id=account,
                 accepted_at=DAY.format(1))  # fmt: skip
        words = {"title": title, "statement": "Times at a glance.", "declaration": "All my own.", "credit": "Tanaka A."}
        self.add(
            "entry", id=entry, contest_id=uid(base), account_id=account, category_id=uid(base + 21), number=number,
            state="disqualified" if number == 3 else "submitted", submitted_at=DAY.format(1), **words,
        )  # fmt: skip
        self.add("revision", id=revision, entry_id=entry, number=1, sealed_at=DAY.format(1), **words)
        # A revision before 0003 had no word for a file that gets an icon instead of a picture.
        icon = {"preview_state": "icon", "preview_reason": "kind"} if self.revision >= "0003" else {}
        pictured = {"preview_state": "ready", "preview_pages": 1}
        for place, (kind, preview) in enumerate((("png", pictured), ("zip", icon)), 1):
            file = uid(base + 100 * number + 10 + place)
            self.add(
                "entry_file", id=file, entry_id=entry, deliverable_id=uid(base + 40 + place), state="accepted",
                name=f"work.{kind}", declared_size=9, staging_key=f"incoming/{file}", key=f"entries/{file}", kind=kind,
                size=9, sha256=b"\x02" * 32, alt="The first screen", accepted_at=DAY.format(1), **preview,
            )  # fmt: skip
            self.add("revision_file", revision_id=revision, file_id=file, position=place, alt="The first screen")
        for place, preset in enumerate(("320", "1280")):
            made = uid(base + 100 * number + 20 + place)
            self.add(
                "preview", id=made, file_id=uid(base + 100 * number + 11), preset=preset, page=1,
                key=f"previews/{made}", width=int(preset), height=200, size=1000,
            )  # fmt: skip
        self.add(
            "receipt", id=uid(base + 100 * number + 30), revision_id=revision, number=f"R-{base}-{number}",
            payload="{}", signature=b"\x03" * 64, key_id="old-key", created_at=DAY.format(1),
        )  # fmt: skip

    def scorecard(self, base: int, number: int, judge: int, points: tuple[int, int]) -> None:
        at = base + 100 * number + 40 + 10 * (judge - 3)
        entry, round_ = uid(base + 100 * number), uid(base + 1)
        self.add(
            "assignment", id=uid(at), round_id=round_, entry_id=entry, judge_id=uid(judge), code=f"B-{number}000",
            position=number,
        )  # fmt: skip
        self.add(
            "scorecard", id=uid(at + 1), assignment_id=uid(at), round_id=round_, entry_id=entry, judge_id=uid(judge),
            revision_id=uid(base + 100 * number + 1), state="submitted", total=(600 * points[0] + 400 * points[1]) * 504,
            comment="Clear at once.", updated_at=DAY.format(2), submitted_at=DAY.format(2),
        )  # fmt: skip
        for place, level in enumerate(points, 1):
            self.add("score", scorecard_id=uid(at + 1), criterion_id=uid(base + 30 + place), points=level)

    def tally(self, base: int, ids: Mapping[str, str]) -> None:
        """As it was counted then. The digest of the cards is the database's, by the rule of contest.services.results."""
        later = self.revision >= "0004"
        params: dict[str, Any] = {
            "minimum": 1,
            "full": FULL,
            "judges_per_entry": 2,
            "rubric": [["clarity", 600, 5], ["craft", 400, 5]],
            **({"options": {}} if later else {}),
        }
        cards = self.connection.execute(
            text(
                "SELECT encode(sha256(string_agg(uuid_send(id) || uuid_send(entry_id) || uuid_send(judge_id)"
                " || int8send(total), ''::bytea ORDER BY id)), 'hex') FROM scorecard WHERE round_id = :round"
            ),
            {"round": ids["round"]},
        ).scalar_one()
        first, second, out = (uid(base + 100 * number) for number in (1, 2, 3))
        excluded = [{"entry": out, "reason": "disqualified"}]
        method, engine = ("mean", "2") if later else ("weighted_rubric_mean", "1")
        counted = digest.sha256(
            {
                "method": method,
                "engine": engine,
                "params": params,
                "cards": cards,
                "entries": [[first, second], list(TOTALS), [2, 2]],
                "excluded": excluded,
            }
        )
        self.add(
            "tally", id=ids["tally"], round_id=ids["round"], number=1, method=method, params=params,
            engine_version=engine, input_digest=counted, result_digest="f" * 64, n_entries=2, n_judges=2,
            n_scorecards=4, excluded=excluded, created_at=DAY.format(3), created_by=uid(1),
        )  # fmt: skip
        for rank, (entry, total) in enumerate(zip((first, second), TOTALS, strict=True), 1):
            self.add(
                "standing", tally_id=ids["tally"], entry_id=entry, rank=rank, numerator=total, denominator=2 * FULL,
                scorecards=2,
            )  # fmt: skip

    def publication(self, base: int, ids: Mapping[str, str], slug: str) -> None:
        self.add(
            "award", id=uid(base + 4), contest_id=ids["contest"], tally_id=ids["tally"], prize_id=ids["prize"],
            entry_id=uid(base + 100), state="announced", statement=both("The clearest of all."), proposed_by=uid(1),
            proposed_at=DAY.format(3),
        )  # fmt: skip
        snapshot = self.snapshot(slug)
        self.add(
            "publication", id=uid(base + 5), contest_id=ids["contest"], tally_id=ids["tally"], number=1,
            state="published", snapshot=snapshot, digest=digest.sha256(snapshot), proposed_by=uid(1),
            proposed_at=DAY.format(3), approved_by=uid(2), approved_at=DAY.format(4), published_at=DAY.format(4),
        )  # fmt: skip
        self.add("audit_event", act="publication.published", actor_id=uid(2), contest_id=ids["contest"])

    def snapshot(self, slug: str) -> dict[str, Any]:
        """What two people confirmed then: in the shape of that release, and never changed since."""
        version = FORMATS[self.revision]
        standings = [
            {"entry": 1, "rank": 1, "tied": 1, "scorecards": 2, "score": [TOTALS[0], 2 * FULL]},
            {"entry": 2, "rank": 2, "tied": 1, "scorecards": 2, "score": [TOTALS[1], 2 * FULL]},
        ]
        picture: dict[str, Any] = {
            "page": 1,
            "alt": "The first screen",
            "sizes": [["320", 320, 200], ["1280", 1280, 200]],
        }
        if version >= 3:
            picture |= {"from": [1, 1], "label": "", "number": 1, "of": 1, "media": []}
        if version >= 5:
            picture |= {"tiles": None}
        if version >= 6:
            picture |= {"original": "c" * 64}
        award = {
            "number": 1, "entry": 1, "revision": 1, "title": TITLES[0], "credit": "Tanaka A.",
            "statement": both("The clearest of all."), "standing": standings[0], "pictures": [picture],
            "prize": {"key": "first", "name": both("First prize"), "amount": {}, "position": 1},
        }  # fmt: skip
        counted = {
            "number": 1, "method": "mean" if version >= 4 else "weighted_rubric_mean", "minimum": 1, "full": FULL,
            "engine": "2" if version >= 4 else "1", "input_digest": "a" * 64, "result_digest": "f" * 64, "entries": 2,
            "judges": 2, "scorecards": 4,
        }  # fmt: skip
        criteria = [
            {"key": "clarity", "name": both("clarity"), "weight": 600, "points": 5},
            {"key": "craft", "name": both("craft"), "weight": 400, "points": 5},
        ]
        return {
            "format": version,
            "contest": {"slug": slug, "title": both("Ferry app"), "host": {}, "zone": "Asia/Tokyo", "contact": ""},
            "round": {"kind": "final", "name": both("Final"), "criteria": criteria}
            | ({"changes": []} if version >= 5 else {})
            | ({"late": []} if version >= 6 else {}),
            "tally": counted | ({"options": {}} if version >= 4 else {}),
            "awards": [
                award | ({"prototypes": 0} if version >= 3 else {}) | ({"receipt": "e" * 64} if version >= 6 else {})
            ],
            "standings": standings,
            **({"jury": {"statement": {}, "people": {}}} if version >= 2 else {}),
            **({"scores": None} if version >= 6 else {}),
        }

    def owed(self) -> None:
        """Work that was on its way to a worker when the old release stopped."""
        trace = {"handed_at": DAY.format(3), "attempts": 2} if self.revision < "0005" else {}
        self.add("outbox", job="make_previews", queue="previews", args={"file_id": uid(1111)}, key="preview:x", **trace)


@pytest.fixture(scope="module", params=REVISIONS[:-1])
def migrated(
    request: pytest.FixtureRequest, addresses: Addresses, worker_id: str
) -> Iterator[tuple[Database, str, str]]:
    """A database that began at an older revision, its address, and that revision."""
    name = f"old_{worker_id}_{request.param}"
    server = create_engine(addresses.database_url, isolation_level="AUTOCOMMIT")
    url = make_url(addresses.database_url).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    command.upgrade(schema.config(url), request.param)
    engine = create_engine(url)
    with engine.begin() as connection:
        old = Old(connection, request.param)
        old.people()
        old.addresses()
        old.contest(1000, "old-ferry", published=True)
        old.contest(5000, "young-ferry", published=False)
        old.owed()
    engine.dispose()
    schema.migrate(url)
    made = Database(url, pool=0)
    yield made, url, request.param
    made.close()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


def contest_of(session: Any, slug: str) -> Contest:
    found: Contest = session.query(Contest).filter(Contest.slug == slug).one()
    return found


def test_a_tally_is_read_and_known_as_it_was_counted(migrated: tuple[Database, str, str]) -> None:
    database, _, _ = migrated
    with database.reading() as session:
        for slug in ("old-ferry", "young-ferry"):
            round_ = contest_of(session, slug).round
            assert (round_.method, round_.method_options) == ("mean", {})
            tally = results.latest_tally(session, round_.id)
            assert tally is not None
            assert (tally.number, tally.refused) == (1, None)
            rows = results.table(session, tally).rows
            assert [(row.rank, row.number, row.title, row.numerator, row.denominator) for row in rows] == [
                (1, 1, TITLES[0], TOTALS[0], 2 * FULL),
                (2, 2, TITLES[1], TOTALS[1], 2 * FULL),
            ]
            [gone] = results.left_out(session, tally)
            assert (gone.reason, gone.entries) == ("disqualified", ((3, 1),))
            # The scorecards are the ones that were counted, to the last one: the old digest still says so.
            cards = results.counted_cards(session, tally)
            assert cards is not None
            assert (len(cards.entries), len(cards.judges)) == (2, 2)


def test_counting_again_comes_to_the_same(migrated: tuple[Database, str, str]) -> None:
    database, _, revision = migrated
    with database.sessions() as session:
        round_ = contest_of(session, "young-ferry").round
        again = results.make_tally(session, round_.id, uuid.UUID(uid(1)))
        assert again is not None
        session.flush()
        # The same engine by the same rules makes no second tally; a newer one says that it is another.
        assert again.number == (1 if revision >= "0004" else 2)
        rows = results.table(session, again).rows
        assert [(row.rank, row.number, row.numerator / row.denominator) for row in rows] == [(1, 1, 0.92), (2, 2, 0.6)]
        session.rollback()


def test_what_was_published_is_public_as_it_was_confirmed(
    migrated: tuple[Database, str, str], settings: Settings
) -> None:
    database, url, revision = migrated
    app = create_app(settings.model_copy(update={"database_url": url}))
    try:
        with database.sessions() as session:
            public = publications.get_public(session, "old-ferry")
            assert (public.number, public.state, public.card) == (1, "published", False)
            assert public.snapshot["format"] == FORMATS[revision]
            assert digest.sha256(dict(public.snapshot)) == public.digest
            # The picture is found behind the number under which it was confirmed.
            assert publications.picture_key(session, "old-ferry", 1, 1, 1, "1280") == f"previews/{uid(1121)}"
            visitor = Pages(app, session)
            for path, words in (
                ("/en/contests/old-ferry/winners", "The clearest of all."),
                ("/ja/contests/old-ferry/winners", "The clearest of all.（日本語）"),
                ("/en/contests/old-ferry/winners/1", TITLES[0]),
                ("/en/contests/old-ferry", "Ferry app"),
            ):
                assert words in visitor.get(path).text()
            told = visitor.open("/api/v1/publications/old-ferry").get_json()
            assert [row["entry"] for row in told["snapshot"]["standings"]] == [1, 2]
            assert b"1,1,C-0001," in visitor.open("/api/v1/publications/old-ferry/1/standings.csv").data
            assert visitor.open("/api/v1/publications/old-ferry/1/scores.zip").status_code == 404
            # The two people see what they published, and the ranking with how sure it is.
            team = visitor.as_(session.get_one(Account, uuid.UUID(uid(1))))
            assert TITLES[1] in team.get("/manage/old-ferry/results").text()
            assert TITLES[1] in team.get("/manage/young-ferry/results/ranking").text()
    finally:
        app.extensions["contest.db"].close()


def test_people_are_found_by_their_addresses_and_live_codes_work(migrated: tuple[Database, str, str]) -> None:
    database, _, _ = migrated
    with database.sessions() as session:
        keys = {row.email: row.email_key for row in session.query(Account)}
        assert {email: key for email, key in keys.items() if email != key} == {"c@xn--r8jz45g.jp": "c@例え.jp"}
        # Of two accounts of one address each keeps its key: no address leads to another account than before.
        assert email_key("b@xn--r8jz45g.jp") == keys["b@例え.jp"]

        asked = {"code": "1234 5678", "purposes": (CodePurpose.SIGN_IN,)}
        assert codes.use_code(session, email="a@STRAßE.example.org", **asked).id == uuid.UUID(uid(21))

        live = session.query(Invitation.email, Invitation.email_key).filter(Invitation.revoked_at.is_(None))
        assert sorted(live) == [("a@straße.example.org", "a@straße.example.org"), ("c@例え.jp", "c@例え.jp")]
        session.rollback()


def test_files_and_owed_work_go_on(migrated: tuple[Database, str, str]) -> None:
    database, _, revision = migrated
    with database.reading() as session:
        states = session.query(EntryFile.kind, EntryFile.preview_state, EntryFile.preview_reason).distinct().all()
        assert {tuple(row) for row in states} == {("png", "ready", None), ("zip", "icon", "kind")}
        owed = [(item.job, item.key, item.turn, item.returned) for item in session.query(OutboxItem)]
        analyses = [item for item in owed if item[0] == "analyse_tally"]
        assert [item for item in owed if item not in analyses] == [("make_previews", "preview:x", 0, 0)]
        # Tallies from before there were analyses get theirs.
        assert len(analyses) == (2 if revision < "0004" else 0)
        assert session.query(Analysis).count() == 0
