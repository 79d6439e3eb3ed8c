"""The real service, while hundreds of clients hang at its door, and others send far too much: it answers the rest."""

import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlsplit

import httpx
import pytest

from tests.acceptance.conftest import Aftercare

SLOW = 200
MEGABYTE = 1024 * 1024
PATIENCE = 60
NAME, PHONE, MAIL, SECRET = "Zoë Lachance", "+14165550123", "zoe@patients.example", "nettle-copper-window-seven"
POSTED = ("/desk/login", "/api/v1/appointments", "/webhooks/twilio/status", "/webhooks/email/bounce", "/p/x", "/u/x")


@contextmanager
def serving(aftercare: Aftercare) -> Iterator[tuple[str, Popen[str], list[str]]]:
    """Run the service; its lines are all there once this ended."""
    service = aftercare.start("serve", "--port", "0")
    assert service.stderr is not None
    lines = [service.stderr.readline()]
    reader = threading.Thread(target=lambda: lines.extend(service.stderr or ()))
    reader.start()
    try:
        yield lines[0].split()[2].rstrip(","), service, lines
    finally:
        service.terminate()
        service.wait(timeout=PATIENCE)
        reader.join()
        for stream in (service.stdout, service.stderr):
            assert stream is not None
            stream.close()


def resident(service: Popen[str]) -> int:
    """Return the bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{service.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def slowly(address: str, kind: int) -> socket.socket:
    """Begin a request, and leave it there: in its head, in its body, or before its first byte."""
    host, _, port = urlsplit(address).netloc.partition(":")
    one = socket.create_connection((host, int(port)), 10)
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\nlogin="
    begun = (
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: here\r\nX-A: ",
        b"POST /desk/login HTTP/1.1\r\nHost: here\r\nSec-Fetch-Site: same-origin\r\n" + form,
        b"POST /webhooks/twilio/status HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    )
    one.sendall(begun[kind % len(begun)])
    return one


@pytest.mark.long
def test_others_are_answered_at_once_while_two_hundred_are_slow_and_these_are_let_go(aftercare: Aftercare) -> None:
    aftercare.approve()
    with serving(aftercare) as (address, service, _), ExitStack() as held, httpx.Client(base_url=address) as client:
        assert client.get("/desk/login").status_code == 200
        before, took = resident(service), []
        slow = [held.enter_context(slowly(address, at)) for at in range(SLOW)]
        for _ in range(20):
            began = time.monotonic()
            assert client.get("/healthz").status_code == 200
            assert client.get("/desk/login").status_code == 200
            took.append(time.monotonic() - began)
        assert sorted(took)[len(took) // 2] < 1
        assert max(took) < 3
        assert resident(service) - before < 64 * MEGABYTE
        for one in slow:
            one.settimeout(PATIENCE)
            while one.recv(1000):
                pass
        assert client.get("/healthz").status_code == 200


@pytest.mark.long
def test_fifty_megabytes_are_refused_however_they_come_and_take_no_memory(aftercare: Aftercare) -> None:
    aftercare.approve()

    def body() -> Iterator[bytes]:
        for _ in range(50):
            yield bytes(MEGABYTE)

    with serving(aftercare) as (address, service, _), httpx.Client(base_url=address, timeout=PATIENCE) as client:
        assert client.get("/desk/login").status_code == 200
        before = resident(service)
        headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        for path in POSTED:
            for length in ({}, {"Content-Length": str(50 * MEGABYTE)}):
                try:
                    status = client.post(path, content=body(), headers={**headers, **length}).status_code
                except httpx.TransportError:
                    continue  # it was answered, and the rest not listened to
                assert 400 <= status < 500 or status == 503, path
        assert client.get("/healthz").status_code == 200
        assert resident(service) - before < 48 * MEGABYTE


@pytest.mark.long
def test_no_line_of_the_log_has_anything_of_what_was_sent(aftercare: Aftercare) -> None:
    aftercare.approve()
    secrets = (NAME, "Lachance", PHONE, "4165550123", MAIL, SECRET, "Traceback")
    with serving(aftercare) as (address, _, lines), httpx.Client(base_url=address) as client:
        cookies = f"aftercare_session={SECRET}; aftercare_said={MAIL}"
        headers = {
            "Sec-Fetch-Site": "same-origin",
            "Cookie": cookies,
            "Authorization": f"Bearer {SECRET}",
            "Referer": f"{address}/p/{SECRET}?q={PHONE}",
        }
        form = {
            "login": MAIL,
            "password": SECRET,
            "name": NAME.encode().decode("latin-1"),
            "phone": PHONE,
            "From": PHONE,
        }
        paths = (
            *POSTED,
            f"/p/{SECRET}",
            f"/a/{SECRET}/take",
            f"/desk/login/link/{SECRET}",
            f"/desk/patients/{PHONE}",
        )
        for path in paths:
            for content in ({"data": form}, {"json": form}, {"content": b"\xff\x00" + SECRET.encode()}):
                client.post(path, headers=headers, **content)
            client.get(path, params={"q": MAIL, "name": NAME, "clinic": PHONE}, headers=headers)
            client.request("TRACE", path, headers=headers)
        host, _, port = urlsplit(address).netloc.partition(":")
        for broken in (f"GET /{PHONE} HTTP/9\r\n\r\n", f"{SECRET}\r\n\r\n", f"GET / HTTP/1.1\r\n{MAIL}\r\n\r\n"):
            with socket.create_connection((host, int(port)), 10) as one:
                one.sendall(broken.encode())
                assert one.recv(1000).startswith(b"HTTP/1.1 400")
    said = "".join(lines)
    assert "webhook.refused" in said or len(lines) > 1
    assert [it for it in secrets if it in said] == []
