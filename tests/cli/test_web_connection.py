"""Who sends or reads too slowly is let go of, nobody else waits for that, and no log has what an error says."""

import asyncio
import io
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest
import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from scheduler import logs
from scheduler.cli.web_connection import Connection
from scheduler.web.app import create_app
from scheduler.web.forms import read_body
from tests.servers.background import BackgroundLoop

PATIENCE = 5.0
MOST = 200_000
HEAD = b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: "
GET = b"GET /well HTTP/1.1\r\nHost: here\r\n\r\n"


class Hasty(Connection):
    """Deadlines that a test can wait for."""

    head_within, body_within, answered_within, read_within = 0.3, 0.3, 0.3, 0.3
    slowest = 100_000


def app() -> FastAPI:
    made = APIRouter()

    @made.get("/well")
    def well() -> Response:
        return PlainTextResponse("well")

    @made.post("/read")
    async def read(request: Request) -> Response:
        body = await read_body(request, MOST)
        return PlainTextResponse("too large", 413) if body is None else PlainTextResponse(str(len(body)))

    @made.get("/endless")
    async def endless() -> Response:
        async def parts() -> object:
            while True:
                yield bytes(65_536)
                await asyncio.sleep(0)

        return StreamingResponse(parts())  # type: ignore[arg-type]  # it yields bytes

    @made.get("/broken")
    def broken() -> Response:
        raise ValueError("Zoë Lachance, +14165550123")

    return create_app(well=lambda: True, pages=[made])


@contextmanager
def standing(kind: type[Connection] = Hasty) -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as ended:
        config = uvicorn.Config(app(), http=kind, ws="none", log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        loop = BackgroundLoop()
        loop.start()
        ended.callback(loop.stop)
        running = loop.begin(server._serve([listener]))
        ended.callback(running.result, PATIENCE)
        ended.callback(setattr, server, "should_exit", True)
        yield listener.getsockname()


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    with standing() as found:
        yield found


@pytest.fixture
def call(address: tuple[str, int]) -> Iterator[Callable[[bytes], socket.socket]]:
    with ExitStack() as opened:

        def connect(said: bytes) -> socket.socket:
            one = opened.enter_context(socket.create_connection(address, PATIENCE))
            one.sendall(said)
            return one

        yield connect


Call = Callable[[bytes], socket.socket]


def rest(one: socket.socket) -> bytes:
    """Read until the other end closes, which has to be soon."""
    found = b""
    try:
        while part := one.recv(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


@pytest.mark.parametrize("said", [b"GET /well HT", b"GET /well HTTP/1.1\r\nHost: here\r\nX: ", HEAD])
def test_a_request_that_does_not_come_to_the_end_of_its_head_is_answered_408(call: Call, said: bytes) -> None:
    answer = rest(call(said))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()


def test_who_says_nothing_is_let_go_of(call: Call) -> None:
    assert rest(call(b"")) == b""


def test_a_head_that_trickles_is_cut_off_in_time(call: Call) -> None:
    one, began = call(b"GET /well HTTP/1.1\r\nHost: here\r\n"), time.monotonic()
    one.settimeout(0.02)
    answer = b""
    while not answer and time.monotonic() - began < PATIENCE:
        try:
            answer = one.recv(1000)
        except TimeoutError:
            one.sendall(b"X-A: b\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("framing", [b"100\r\n\r\nabc", b"100\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
def test_a_body_that_does_not_come_is_answered_408(call: Call, framing: bytes) -> None:
    head = HEAD if b"chunked" not in framing else HEAD.removesuffix(b"Content-Length: ") + b"X: "
    assert rest(call(head + framing)).startswith(b"HTTP/1.1 408 ")


def test_a_long_body_that_comes_steadily_is_taken(call: Call) -> None:
    one, began = call(HEAD + b"120000\r\nConnection: close\r\n\r\n"), time.monotonic()
    for part in range(12):
        while time.monotonic() < began + part * 0.05:
            pass
        one.sendall(bytes(10_000))
    assert time.monotonic() - began > Hasty.body_within
    assert rest(one).endswith(b"\r\n\r\n120000")


def test_what_was_refused_before_its_end_is_read_on_for_a_moment_only(call: Call) -> None:
    one, began = call(HEAD + b"900000000\r\n\r\n" + bytes(MOST + 100_000)), time.monotonic()
    with suppress(BrokenPipeError, ConnectionResetError):
        while time.monotonic() - began < PATIENCE:
            one.sendall(bytes(10_000))
    assert Hasty.answered_within / 2 < time.monotonic() - began < PATIENCE


def test_the_refusal_of_what_is_too_large_is_read_by_who_sends_it(address: tuple[str, int]) -> None:
    answer = httpx.post(f"http://{address[0]}:{address[1]}/read", content=bytes(MOST * 5))
    assert (answer.status_code, answer.text) == (413, "too large")


def test_an_answer_that_nobody_reads_is_given_up(call: Call) -> None:
    one = call(b"GET /endless HTTP/1.1\r\nHost: here\r\n\r\n")
    poll_until = time.monotonic() + PATIENCE
    while time.monotonic() < poll_until:  # the other end's reset is seen by sending, without reading anything
        try:
            one.sendall(b"x")
        except OSError:
            return
        time.sleep(0.01)
    pytest.fail("still open")


def test_several_requests_on_a_connection_each_have_their_time(call: Call) -> None:
    one = call(GET)
    for _ in range(5):
        answer = b""
        while not answer.endswith(b"well"):
            part = one.recv(1000)
            assert part
            answer += part
        time.sleep(0.15)
        one.sendall(GET)


def test_two_requests_at_once_are_both_answered(call: Call) -> None:
    assert rest(call(GET + GET)).count(b"HTTP/1.1 200 OK") == 2


def test_beyond_its_room_the_server_takes_nobody_and_then_again(address: tuple[str, int]) -> None:
    class Small(Hasty):
        room = staticmethod(lambda: 3)

    with standing(Small) as small, ExitStack() as held:
        for _ in range(3):
            held.enter_context(socket.create_connection(small, PATIENCE)).sendall(b"G")
        assert rest(held.enter_context(socket.create_connection(small, PATIENCE))) == b""
        time.sleep(2 * Small.head_within)
        assert httpx.get(f"http://{small[0]}:{small[1]}/well").text == "well"
    del address


def test_what_an_error_says_is_not_logged_by_the_server_either(address: tuple[str, int]) -> None:
    out = io.StringIO()
    logs.configure(stream=out)
    try:
        assert httpx.get(f"http://{address[0]}:{address[1]}/broken").status_code == 500
        while not out.getvalue():  # the line comes after the answer
            time.sleep(0.01)
    finally:
        structlog.reset_defaults()
    (line,) = [json.loads(it) for it in out.getvalue().splitlines()]
    assert (line["event"], line["error"]) == ("server.trouble", "ValueError")
    assert any("broken" in it for it in line["where"])
    assert "Lachance" not in out.getvalue()
    assert "+1416" not in out.getvalue()


@pytest.mark.parametrize("said", [HEAD + b"100\r\n\r\nabc", b"GET /endless HTTP/1.1\r\nHost: here\r\n\r\n"])
def test_who_hangs_up_is_no_fault_of_ours(call: Call, said: bytes, address: tuple[str, int]) -> None:
    out = io.StringIO()
    logs.configure(stream=out)
    try:
        call(said).close()
        assert httpx.get(f"http://{address[0]}:{address[1]}/well").text == "well"
    finally:
        structlog.reset_defaults()
    assert out.getvalue() == ""
