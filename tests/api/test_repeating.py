"""The Idempotency-Key header: a POST that is sent again is done once."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from fastapi import Request
from fastapi.responses import Response
from starlette.types import Message

from scheduler.domain.access import Caller, CallerKind
from scheduler.errors import StoreError
from scheduler.services.repeating import Repeating
from scheduler.services.retention import Retention
from scheduler.store.desk_tables import idempotency
from scheduler.web.api.once import Once
from scheduler.web.api.problems import ApiError
from tests.api.office import ZOE, Office

KEY = {"Idempotency-Key": "7f8c1e3a-0000-4000-8000-2f5a0c9d1b11"}


def unnamed(**more: object) -> dict[str, object]:
    """Zoë's visit without an id of the booking system: nothing else would tell a second one from the first."""
    return {**{name: value for name, value in ZOE.items() if name != "external_id"}, **more}


def rows(office: Office) -> int:
    with office.house.store.read() as tx:
        return tx.connection.execute(sa.select(sa.func.count()).select_from(idempotency)).scalar_one()


def test_the_same_request_under_the_same_key_is_answered_as_it_was(any_office: Office) -> None:
    program = any_office.program()
    first = program.post("/appointments", unnamed(), **KEY)
    program.patch("/appointments/1", {"status": "cancelled"})
    again = program.post("/appointments", unnamed(), **KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")


def test_another_request_under_the_same_key_is_refused(office: Office) -> None:
    program = office.program()
    program.post("/appointments", unnamed(), **KEY)
    other = program.post("/appointments", unnamed(name="Yann Roy"), **KEY)
    assert other.status_code == 422
    assert other.json()["type"].endswith(":key-reused")
    elsewhere = program.post("/appointments/plan", unnamed(), **KEY)
    assert elsewhere.json()["type"].endswith(":key-reused")


def test_the_keys_of_two_programs_are_their_own(office: Office) -> None:
    one, other = office.program(), office.program()
    assert one.post("/appointments", unnamed(), **KEY).status_code == 201
    done = other.post("/appointments", unnamed(name="Yann Roy", phone="+14165550124"), **KEY)
    assert done.status_code == 201


def test_what_was_refused_may_be_sent_again_mended_under_the_same_key(office: Office) -> None:
    program = office.program()
    assert program.post("/appointments", unnamed(starts_at="never"), **KEY).status_code == 422
    assert program.post("/appointments", unnamed(email="no mail"), **KEY).status_code == 422
    assert program.post("/appointments", unnamed(), **KEY).status_code == 201


def test_a_request_that_is_still_worked_on_is_not_done_twice(any_office: Office) -> None:
    program = any_office.program()
    label = program.post("/pauses", {"clinic": "north"}).json()["pause"]["by"]
    repeating = Repeating(any_office.house.store, any_office.machine)
    assert repeating.begin(label, KEY["Idempotency-Key"], _as_sent()) is None
    answer = program.post("/alerts/1/take", None, **KEY)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith(":in-progress")
    assert answer.headers["retry-after"] == "1"


def test_what_the_database_broke_off_may_have_been_done_and_is_not_done_again(any_office: Office) -> None:
    repeating, done = Repeating(any_office.house.store, any_office.machine), []

    async def commits_and_breaks(_: Request) -> Response:
        done.append("once")
        raise StoreError("the database does not answer")

    for problem in (StoreError, ApiError):
        with pytest.raises(problem):
            asyncio.run(Once(repeating).answer(_posted("k1"), commits_and_breaks))
    assert done == ["once"]


def _posted(key: str) -> Request:
    request = Request(
        {
            "type": "http",
            "method": "POST",
            "path": "/api/v1/appointments",
            "query_string": b"",
            "headers": [(b"idempotency-key", key.encode())],
        },
        receive=_nothing,
    )
    request.state.caller = Caller(CallerKind.KEY, 1, "bookings", {}, None)
    return request


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _as_sent() -> bytes:
    return b"POST /api/v1/alerts/1/take?\n"


def test_a_key_of_a_strange_form_is_refused_and_named(office: Office) -> None:
    for key in ("", "x" * 101, "a b"):
        answer = office.program().post("/pauses", {"clinic": "north"}, **{"Idempotency-Key": key})
        assert answer.status_code == 422
        assert [it["in"] for it in answer.json()["errors"]] == ["header"]


def test_answers_are_sealed_and_forgotten_after_a_day(any_office: Office) -> None:
    program, store = any_office.program(), any_office.house.store
    program.post("/patients/search", {"phone": ZOE["phone"]}, **KEY)
    program.post("/appointments", ZOE, **{"Idempotency-Key": "second"})
    with store.read() as tx:
        kept = tx.connection.execute(sa.select(idempotency.c.answer_sealed)).scalars().all()
    assert len(kept) == 2
    assert not any(b"B-1" in it or b"appointment" in it for it in kept)
    retention = Retention(any_office.machine)
    for later, left in ((timedelta(hours=23), 2), (timedelta(hours=2), 0)):
        any_office.machine.move_to(any_office.machine.now() + later)
        assert retention.is_time()
        retention.look(store, audit_years=None, now=any_office.machine.now())
        assert rows(any_office) == left


def test_a_key_of_yesterday_is_new_today(office: Office) -> None:
    program = office.program()
    program.post("/pauses", {"clinic": "north"}, **KEY)
    office.machine.move_to(office.machine.now() + timedelta(hours=25))
    answer = program.post("/pauses", {"clinic": "south"}, **KEY)
    assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (201, None)
