"""Uploads over HTTP as our script does them: grants, states, refusals, and what hostile requests get."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from contest.models import Entry, EntryFile
from contest.services.parts import PART
from contest.settings import Settings
from contest.storage import Storage
from contest.vocabulary import Role
from tests.factories import Make
from tests.pages import Pages
from tests.pictures import noise, png

Run = Callable[[], list[str]]
PNG = png()


@pytest.fixture
def entry(make: Make) -> Entry:
    return make.entry(make.contest(slug="ferry"), state="draft", files=0)


@pytest.fixture
def visitor(pages: Pages, entry: Entry) -> Pages:
    return pages.as_(entry.account)


def _asked(entry: Entry, body: bytes = PNG, **values: Any) -> dict[str, Any]:
    return {
        "entry": str(entry.id),
        "slot": "screens",
        "name": "a.png",
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "type": "image/png",
        **values,
    }


#: A file of two parts; the second is small.
PIECES = [b"\1" * PART, b"the end"]


@pytest.fixture
def large(make: Make, entry: Entry) -> dict[str, Any]:
    """What is asked for that file: a source package."""
    contest = make.contest(slug="large", deliverables=[{"key": "source", "kinds": ["zip"], "max_bytes": 10**8}])
    mine = make.entry(contest, entry.account, state="draft", files=0)
    digests = "".join(hashlib.sha256(piece).hexdigest() for piece in PIECES)
    return _asked(mine, b"".join(PIECES), slot="source", name="a.zip", parts=digests)


def _put(grant: dict[str, Any], body: bytes = PNG) -> int:
    return urllib3.request(grant["method"], grant["url"], headers=grant["headers"], body=body, retries=False).status


class TestTheWholeWay:
    def test_a_large_file_in_parts(self, visitor: Pages, large: dict[str, Any], storage: Storage) -> None:
        begun = visitor.json("POST", "/uploads", large)
        path = f"/uploads/{begun['id']}"
        assert begun == {"id": begun["id"], "part_size": PART, "parts": 2}
        assert visitor.json("POST", f"{path}/grant") == begun
        assert visitor.json("POST", f"{path}/parts") == {"id": begun["id"], "arrived": []}

        told = visitor.json("POST", f"{path}/parts/grant", {"parts": [2, 1]})

        assert [grant["number"] for grant in told["grants"]] == [1, 2]
        assert all(grant["url"].startswith(storage.public_endpoint) for grant in told["grants"])
        assert [_put(grant, piece) for grant, piece in zip(told["grants"], PIECES, strict=True)] == [200, 200]
        assert visitor.json("POST", f"{path}/parts")["arrived"] == [1, 2]
        assert visitor.json("POST", f"{path}/complete")["state"] == "received"
        visitor.json("POST", f"{path}/parts", status=409)

    @pytest.mark.parametrize(
        "value", ["", "00" * 31, "0" * 63 + "g", "00" * 96, 7, None, ["00" * 32] * 2], ids=lambda value: repr(value)[:9]
    )
    def test_parts_that_are_none(self, visitor: Pages, large: dict[str, Any], value: Any) -> None:
        told = visitor.json("POST", "/uploads", {**large, "parts": value}, status=422)

        assert told["message"]

    @pytest.mark.parametrize("value", [[], [0], [3], ["1"], [1.0], [True], [[1]], "12", None, {"1": 1}, [2**70]])
    def test_grants_of_parts_that_are_none(self, visitor: Pages, large: dict[str, Any], value: Any) -> None:
        path = f"/uploads/{visitor.json('POST', '/uploads', large)['id']}"
        visitor.json("POST", f"{path}/parts")

        told = visitor.json("POST", f"{path}/parts/grant", {"parts": value}, status=422)

        assert told["message"]

    def test_grant_put_complete_check(
        self, visitor: Pages, entry: Entry, session: Session, storage: Storage, run_jobs: Run
    ) -> None:
        body = noise(300, 200)

        grant = visitor.json("POST", "/uploads", _asked(entry, body))

        assert {key: grant[key] for key in ("method", "part_size", "parts")} == {
            "method": "PUT",
            "part_size": len(body),
            "parts": 1,
        }
        assert grant["url"].startswith(storage.public_endpoint)
        path = f"/uploads/{grant['id']}"
        assert visitor.json("GET", path)["state"] == "expected"
        assert _put(grant, body) == 200
        answers = [visitor.json("POST", f"{path}/complete") for _ in range(2)]
        assert (
            answers[0]
            == answers[1]
            == {
                "id": grant["id"],
                "name": "a.png",
                "size": len(body),
                "state": "received",
                "reason": None,
                "message": "",
                "preview": "none",
                "done": 0,
                "pages": 0,
            }
        )
        run_jobs()
        told = visitor.json("GET", path)
        assert (told["state"], told["preview"], told["message"]) == ("accepted", "ready", "")
        assert visitor.json("POST", f"{path}/complete") == told
        row = session.scalars(select(EntryFile)).one()
        assert storage.read(row.key or "") == body

    def test_previews_are_counted_and_then_judged(self, visitor: Pages, entry: Entry, make: Make) -> None:
        row = make.file(entry, kind="pdf", preview_state="pending", previews=False, preview_done=3)
        row.preview_pages = 23
        told = visitor.json("GET", f"/uploads/{row.id}")
        assert (told["preview"], told["done"], told["pages"]) == ("pending", 3, 23)
        assert told["message"] == "3 of 23 pages have a preview."

        row.preview_state, row.preview_reason, row.kind = "icon", "kind", "indd"

        told = visitor.json("GET", f"/uploads/{row.id}")
        assert told["message"].startswith("InDesign files have no preview.")

    def test_a_refused_file_says_why_in_the_pages_language(self, pages: Pages, make: Make, run_jobs: Run) -> None:
        entry = make.entry(make.contest(slug="ferry"), make.account(locale="ja"), state="draft", files=0)
        visitor = pages.as_(entry.account, lang="ja")
        body = b"no picture"
        grant = visitor.json("POST", "/uploads", _asked(entry, body))
        _put(grant, body)
        visitor.json("POST", f"/uploads/{grant['id']}/complete")
        run_jobs()

        told = visitor.json("GET", f"/uploads/{grant['id']}")

        assert (told["state"], told["reason"]) == ("rejected", "kind")
        assert told["message"]

    def test_complete_before_the_bytes_are_there(self, visitor: Pages, entry: Entry) -> None:
        grant = visitor.json("POST", "/uploads", _asked(entry))

        told = visitor.json("POST", f"/uploads/{grant['id']}/complete", status=409)

        assert (told["error"], told["message"]) == ("not_received", "The file has not arrived whole. Send it again.")

    def test_a_grant_can_be_signed_anew(self, visitor: Pages, entry: Entry) -> None:
        first = visitor.json("POST", "/uploads", _asked(entry))

        again = visitor.json("POST", f"/uploads/{first['id']}/grant")

        assert again["id"] == first["id"]
        assert _put(again) == 200

    @pytest.mark.parametrize("how", ["script", "form"])
    def test_cancel_and_remove(self, visitor: Pages, entry: Entry, session: Session, how: str) -> None:
        grant = visitor.json("POST", "/uploads", _asked(entry))

        if how == "script":
            visitor.json("DELETE", f"/uploads/{grant['id']}", status=204)
        else:
            page = visitor.post(f"/contests/{entry.contest.slug}/entry/files/{grant['id']}/remove", follow=True)
            assert "a.png is removed." in page.html

        assert session.scalars(select(EntryFile.removed_at)).one() is not None
        visitor.json("GET", f"/uploads/{grant['id']}", status=404)
        visitor.json("POST", f"/uploads/{grant['id']}/complete", status=404)
        # What is gone already is as it was wanted.
        visitor.json("DELETE", f"/uploads/{grant['id']}", status=204)


class TestRefusals:
    @pytest.mark.parametrize(
        ("values", "status", "code"),
        [
            ({"slot": "nowhere"}, 422, "slot_unknown"),
            ({"slot": "a\0b"}, 422, "slot_unknown"),
            ({"slot": 7}, 422, "invalid"),
            ({"size": 0}, 422, "file_empty"),
            ({"size": -5}, 422, "file_empty"),
            ({"size": 20_000_001}, 422, "file_too_large"),
            ({"size": 10**40}, 422, "file_too_large"),
            ({"size": True}, 422, "invalid"),
            ({"size": "9"}, 422, "invalid"),
            ({"size": 1.5}, 422, "invalid"),
            ({"size": None}, 422, "invalid"),
            ({"name": "a.tiff"}, 422, "file_type"),
            ({"name": "a\0.png"}, 422, "name_invalid"),
            ({"name": "\r\n"}, 422, "name_invalid"),
            ({"name": ["a"]}, 422, "invalid"),
            ({"sha256": "00"}, 422, "digest_invalid"),
            ({"sha256": "g" * 64}, 422, "digest_invalid"),
            ({"sha256": None}, 422, "invalid"),
            ({"type": 5}, 422, "invalid"),
            ({"entry": "no-id"}, 404, "not_found"),
            ({"entry": None}, 422, "invalid"),
        ],
    )
    def test_each_is_a_sentence_and_never_a_500(
        self, visitor: Pages, entry: Entry, session: Session, values: dict[str, Any], status: int, code: str
    ) -> None:
        told = visitor.json("POST", "/uploads", {**_asked(entry), **values}, status=status)

        assert told["error"] == code
        assert told["message"].endswith(".")
        assert session.scalar(select(func.count()).select_from(EntryFile)) == 0

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"[]", 400),
            (b"{", 400),
            (b"null", 400),
            (b'"x"', 400),
            (b"\xff\xfe", 400),
            (b'{"entry":' * 5_000, 400),
            (b"[" * 60_000, 400),
            (b'{"a":NaN}', 400),
            (b'{"entry":"a","entry":"b"}', 400),
            (b'{"entry":"' + b"x" * 70_000 + b'"}', 413),
        ],
        ids=["empty", "list", "broken", "null", "text", "bytes", "deep objects", "deep lists", "nan", "twice", "large"],
    )
    def test_what_is_no_json_object(self, visitor: Pages, entry: Entry, body: bytes, status: int) -> None:
        answer = visitor.open(
            "/uploads",
            method="POST",
            data=body,
            headers={"X-CSRFToken": visitor.token(), "Content-Type": "application/json"},
        )

        assert answer.status_code == status
        assert answer.get_json()["message"]

    def test_a_lone_surrogate_and_a_turning_mark_in_a_name(
        self, visitor: Pages, entry: Entry, session: Session
    ) -> None:
        for name in ('"\\ud800gpj.\\u202eexe.png"', '"a\\r\\nX: y.png"', '"\\u0022; rm.png"'):
            body = json.dumps(_asked(entry)).replace('"a.png"', name)
            answer = visitor.open(
                "/uploads",
                method="POST",
                data=body,
                headers={"X-CSRFToken": visitor.token(), "Content-Type": "application/json"},
            )
            assert answer.status_code == 200, answer.get_json()

        names = session.scalars(select(EntryFile.name).order_by(EntryFile.position)).all()
        assert names == ["gpj.\u202eexe.png", "aX: y.png", '"; rm.png']

    def test_without_a_token_or_a_session(self, pages: Pages, visitor: Pages, entry: Entry) -> None:
        assert visitor.open("/uploads", method="POST", json=_asked(entry)).get_json()["error"] == "csrf"

        told = pages.json("POST", "/uploads", _asked(entry), status=401)

        assert told["error"] == "sign_in"

    @pytest.mark.parametrize("method, tail", [("GET", ""), ("POST", "/complete"), ("DELETE", ""), ("POST", "/grant")])
    def test_someone_elses_upload_answers_as_a_random_id(
        self, pages: Pages, make: Make, visitor: Pages, entry: Entry, method: str, tail: str
    ) -> None:
        grant = visitor.json("POST", "/uploads", _asked(entry))
        others = [make.entry(entry.contest, state="draft").account, make.member(entry.contest, Role.ORGANISER)]

        for account in others:
            stranger = pages.as_(account)
            answers = [stranger.json(method, f"/uploads/{id}{tail}", status=404) for id in (grant["id"], uuid.uuid4())]
            for answer in answers:
                answer.pop("number")
            assert answers[0] == answers[1]

    def test_someone_elses_entry_answers_as_a_random_id(self, pages: Pages, make: Make, entry: Entry) -> None:
        stranger = pages.as_(make.entry(entry.contest, state="draft").account)

        answers = [
            stranger.json("POST", "/uploads", {**_asked(entry), "entry": str(id)}, status=404)
            for id in (entry.id, uuid.uuid4())
        ]

        for answer in answers:
            answer.pop("number")
        assert answers[0] == answers[1]

    def test_after_the_close_with_the_reason_and_the_time(self, visitor: Pages, entry: Entry, session: Session) -> None:
        grant = visitor.json("POST", "/uploads", _asked(entry))
        entry.contest.closes_at = datetime.now(UTC) - timedelta(seconds=1)
        entry.contest.grace_seconds = 0

        told = [
            visitor.json("POST", "/uploads", _asked(entry), status=403),
            visitor.json("POST", f"/uploads/{grant['id']}/complete", status=403),
            visitor.json("DELETE", f"/uploads/{grant['id']}", status=403),
        ]

        assert {each["error"] for each in told} == {"deadline_passed"}
        assert all("It closed " in each["message"] for each in told)

    def test_begun_before_the_close_it_may_finish_within_the_grace(
        self, visitor: Pages, entry: Entry, session: Session
    ) -> None:
        grant = visitor.json("POST", "/uploads", _asked(entry))
        _put(grant)
        begun = session.scalars(select(EntryFile.created_at)).one()
        entry.contest.closes_at = begun + timedelta(microseconds=1)

        told = visitor.json("POST", f"/uploads/{grant['id']}/complete")

        assert told["state"] == "received"
        visitor.json("POST", "/uploads", _asked(entry), status=403)

    def test_a_removal_that_is_refused_by_a_plain_form_is_a_page(
        self, visitor: Pages, make: Make, entry: Entry
    ) -> None:
        row = make.file(entry)
        entry.contest.closes_at = datetime.now(UTC) - timedelta(seconds=1)

        page = visitor.post(
            f"/contests/{entry.contest.slug}/entry/files/{row.id}/remove", {}, 403, headers={"Accept": "text/html"}
        )

        assert "What you sent now is not saved" in page.text()
        assert page.h1 == f"Entry {entry.number}" or page.h1 == entry.title


class TestOriginals:
    def test_a_form_leads_to_a_link_of_a_minute(
        self, visitor: Pages, make: Make, entry: Entry, storage: Storage
    ) -> None:
        row = make.file(entry, body=PNG, storage=storage, name="画面 1.png")

        answer = visitor.post(f"/files/{row.id}/original")

        link = answer.headers["Location"]
        assert link.startswith(storage.public_endpoint)
        assert "X-Amz-Expires=60" in link
        got = urllib3.request("GET", link)
        assert (got.data, got.headers["Content-Type"]) == (PNG, "application/octet-stream")
        assert "filename*=UTF-8''" in got.headers["Content-Disposition"]

    def test_reading_the_address_downloads_nothing(self, visitor: Pages, make: Make, entry: Entry) -> None:
        row = make.file(entry)

        assert visitor.open(f"/files/{row.id}/original").status_code == 405

    def test_for_nobody_else(self, pages: Pages, make: Make, entry: Entry) -> None:
        row = make.file(entry)

        for account in (make.entry(entry.contest).account, make.member(entry.contest, Role.JUDGE)):
            pages.as_(account).post(f"/files/{row.id}/original", {}, 404)


def test_pages_may_send_to_a_bucket_that_stands_in_the_host_name(
    app: Any, pages: Pages, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosted = {"s3_path_style": False, "s3_public_endpoint": "https://files.example.org"}
    storage = Storage.from_settings(settings.model_copy(update=hosted))
    monkeypatch.setitem(app.extensions, "contest.storage", storage)

    policy = pages.get("/en/").response.headers["Content-Security-Policy"]

    host = f"https://{settings.s3_bucket}.files.example.org"
    assert {f" connect-src 'self' {host}", f" form-action 'self' {host}"} <= set(policy.split(";"))
