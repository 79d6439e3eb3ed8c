"""What holds for every request: who calls, in what form, how often, and what is the same as before."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from scheduler.domain.access import Permission
from scheduler.web.api.allowance import Allowance
from scheduler.web.api.callers import Allowances
from scheduler.web.api.problems import Problem
from tests.api.office import ZOE, Office, Program
from tests.services.house import House

JSON = {"Content-Type": "application/json"}


def kind(answer: httpx.Response) -> str:
    said: str = answer.json()["type"]
    return said.rpartition(":")[2]


def test_without_a_key_nothing_is_told(office: Office) -> None:
    for headers in ({}, {"Authorization": "Bearer ac_t1_x"}, {"Authorization": "Basic Zm9vOmJhcg=="}):
        answer = office.stranger.ask("GET", "/appointments", headers)
        assert (answer.status_code, kind(answer)) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


def test_who_called_before_is_forgotten_even_where_the_server_shares_state_between_requests(office: Office) -> None:
    shared: dict[str, object] = {}

    async def sharing(scope: Scope, receive: Receive, send: Send) -> None:
        await office.app({**scope, "state": shared}, receive, send)

    assert Program(sharing, office.key()).get("/clinics").status_code == 200
    assert Program(sharing).get("/clinics").status_code == 401


def test_a_cookie_opens_nothing_here(office: Office) -> None:
    answer = office.stranger.ask("GET", "/appointments", {"Cookie": f"session={office.key()}"})
    assert answer.status_code == 401


def test_a_key_without_the_permission_is_refused_before_the_body_is_read(office: Office) -> None:
    program = office.program(Permission.READ)
    answer = program.ask("POST", "/appointments", {"Content-Type": "text/plain"}, content=b"{" * 2_000_000)
    assert (answer.status_code, kind(answer)) == (403, "forbidden")


def test_an_unknown_path_is_a_problem_too(office: Office) -> None:
    for path in (
        "/nothing",
        "/appointments/",
        "/appointments/-1",
        "/appointments/x",
        "/appointments/99999999999999999",
        "/appointments/1%0A",
        "/%0A",
    ):
        answer = office.program().get(path)
        assert (answer.status_code, kind(answer)) == (404, "not-found")


def test_a_method_that_a_path_does_not_take_is_told_with_those_that_it_takes(office: Office) -> None:
    answer = office.program().ask("PUT", "/appointments/1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PATCH")
    assert office.program().ask("GET", "/appointments/plan").headers["allow"] == "POST"


def test_head_is_get_without_its_body(office: Office) -> None:
    program = office.program()
    program.post("/appointments", ZOE)
    shown, head = program.get("/appointments/1"), program.ask("HEAD", "/appointments/1")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == shown.headers["content-length"]
    assert head.headers["etag"] == shown.headers["etag"]


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*, text/plain"])
def test_who_can_not_read_json_is_told_so(office: Office, accept: str) -> None:
    answer = office.program().get("/clinics", Accept=accept)
    assert (answer.status_code, kind(answer)) == (406, "not-acceptable")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, application/*;q=0.1", "APPLICATION/JSON"])
def test_who_can_read_json_is_answered(office: Office, accept: str) -> None:
    assert office.program().get("/clinics", Accept=accept).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_that_is_not_called_json_is_refused(office: Office, content_type: str) -> None:
    answer = office.program().ask("POST", "/appointments", {"Content-Type": content_type}, content=b"{}")
    assert (answer.status_code, kind(answer)) == (415, "media-type")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"clinic": NaN}',
        b'{"clinic": 1e999}',
        b'{"clinic": "a", "clinic": "b"}',
        b'{"name": "\\ud800"}',
        b'{"why": ' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        b"[" * 40 + b"]" * 40,
        b'{"a":' * 200_000,
    ],
    ids=[
        "empty",
        "cut",
        "not-utf8",
        "nan",
        "infinite",
        "twice",
        "half-a-pair",
        "huge",
        "bomb",
        "deep",
        "deep-objects",
    ],
)
def test_a_body_that_is_no_json_or_means_two_things_is_refused(office: Office, body: bytes) -> None:
    answer = office.program().ask("POST", "/pauses", JSON, content=body)
    assert (answer.status_code, kind(answer)) == (400, "malformed")


def test_a_body_that_is_too_long_is_refused_while_it_comes_in(office: Office) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(5_000):
            sent += 1
            yield b" " * 10_000

    answer = office.program().ask("POST", "/pauses", JSON, content=endless())
    assert (answer.status_code, kind(answer)) == (413, "too-large")
    assert sent <= 110


def test_an_unknown_parameter_and_one_that_stands_twice_are_refused_and_named(office: Office) -> None:
    program = office.program()
    for path, named in (("/alerts?opn=true", "opn"), ("/clinics?x=1", "x"), ("/alerts?limit=1&limit=2", "limit")):
        answer = program.get(path)
        assert (answer.status_code, [it["field"] for it in answer.json()["errors"]]) == (422, [named])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=1.0", "limit=+5", "limit=%D9%A5", "open=1", "open=yes", "kind=none",
              "from=1", "from=2026-02-31T00:00:00Z", "from=2026-03-01T00:00:00", "cursor=abc", "cursor=%ff",
              "clinic=a/b"]
)  # fmt: skip
def test_a_wrong_parameter_is_refused(office: Office, query: str) -> None:
    answer = office.program().get(f"/alerts?{query}")
    assert answer.status_code == 422
    assert [it["field"] for it in answer.json()["errors"]] == [query.partition("=")[0]]


def test_whoever_asks_too_often_is_told_when_to_come_again(house: House) -> None:
    now = [100.0]
    office = Office(house, Allowances(Allowance("key", 3, seconds=lambda: now[0])))
    program, other = office.program(), office.program()
    left = [program.get("/clinics").headers["ratelimit"] for _ in range(3)]
    assert left == ['"key";r=2;t=20', '"key";r=1;t=40', '"key";r=0;t=60']
    answer = program.get("/clinics")
    assert (answer.status_code, kind(answer), answer.headers["retry-after"]) == (429, "too-many-requests", "20")
    assert answer.headers["ratelimit-policy"] == '"key";q=3;w=60'
    assert other.get("/clinics").status_code == 200
    now[0] += 20
    assert program.get("/clinics").status_code == 200


def test_who_guesses_keys_is_slowed_down_and_nobody_else_at_that_address(house: House) -> None:
    office = Office(house, Allowances(strangers=Allowance("address", 2, seconds=lambda: 0.0)))
    answers = [office.stranger.get("/clinics").status_code for _ in range(3)]
    assert answers == [401, 401, 429]
    assert office.program().get("/clinics").status_code == 200


def test_what_was_read_already_is_not_sent_again(office: Office) -> None:
    program = office.program()
    program.post("/appointments", ZOE)
    for path in (
        "/appointments",
        "/appointments/1",
        "/appointments/1/timeline",
        "/messages/1",
        "/patients/1",
        "/clinics",
    ):
        tag = program.get(path).headers["etag"]
        again = program.get(path, **{"If-None-Match": f'"other", W/{tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), path
        assert program.get(path, **{"If-None-Match": '"other"'}).status_code == 200


def test_an_edit_of_what_somebody_else_changed_meanwhile_is_refused(any_office: Office) -> None:
    program = any_office.program()
    program.post("/appointments", ZOE)
    seen = program.get("/appointments/1").headers["etag"]
    moved = program.patch("/appointments/1", {"starts_at": "2026-03-19T14:00:00Z"}, **{"If-Match": seen})
    assert moved.status_code == 200
    late = program.patch("/appointments/1", {"status": "cancelled"}, **{"If-Match": seen})
    assert (late.status_code, kind(late)) == (412, "changed")
    assert program.get("/appointments/1").json()["status"] == "booked"
    now = moved.headers["etag"]
    assert program.patch("/appointments/1", {"status": "cancelled"}, **{"If-Match": now}).status_code == 200
    known = program.get("/patients/1").headers["etag"]
    assert program.patch("/patients/1", {"language": "fr"}, **{"If-Match": '"x"'}).status_code == 412
    assert program.patch("/patients/1", {"language": "fr"}, **{"If-Match": known}).status_code == 200


def test_every_answer_may_be_kept_by_nobody_between(office: Office) -> None:
    program = office.program()
    for answer in (program.get("/clinics"), program.get("/nothing"), office.stranger.get("/clinics")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_error_of_ours_tells_nothing_but_where_the_log_has_it(office: Office) -> None:
    def fail() -> None:
        raise ZeroDivisionError("Zoë Lachance")

    api = office.api()
    api.add_api_route("/fails", fail)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(api, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.get("/fails", headers={"Authorization": f"Bearer {office.key()}"})

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["type"]) == (500, Problem.INTERNAL.uri)
    assert answer.json()["instance"].startswith("urn:uuid:")
    assert "Lachance" not in answer.text


def test_while_the_database_is_away_callers_are_told_to_come_again(office: Office) -> None:
    program = office.program()
    (office.house.settings.data_dir / "aftercare.db").unlink()
    answer = program.get("/clinics")
    assert (answer.status_code, kind(answer), answer.headers["retry-after"]) == (503, "unavailable", "60")
    assert "aftercare.db" not in answer.text
