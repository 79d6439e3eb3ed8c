"""A calendar is fetched within bounds, and from nowhere that an address must not lead to."""

import asyncio
import socket

import pytest

from scheduler.channels.feeds import fetching
from scheduler.channels.feeds.fetching import Fetched, FetchError, fetch
from tests.servers.calendar import CalendarServer


def got(url: str, etag: str | None = None) -> Fetched:
    return asyncio.run(fetch(url, etag=etag))


def refused(url: str) -> str:
    with pytest.raises(FetchError) as error:
        got(url)
    assert "127.0.0.1" not in str(error.value)
    return error.value.code


def test_what_did_not_change_is_not_sent_again() -> None:
    with CalendarServer(b"BEGIN:VCALENDAR") as server:
        first = got(server.url)
        assert (first.content, first.etag) == (b"BEGIN:VCALENDAR", server.etag)
        assert "VCALENDAR" not in repr(first)
        assert got(server.url, first.etag).content is None
        assert [it.etag for it in server.asked] == [None, server.etag]


def test_what_a_server_does_wrong_is_said_in_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 1000)
    with CalendarServer(b"x" * 900) as server:
        for does, code in (
            ({"status": 404}, "404"),
            ({"status": 500}, "500"),
            ({"broken": True}, "connection-lost"),
            ({"content": b"x" * 1001}, "too-large"),
            ({"location": "/secret.ics"}, "redirects"),
            ({"location": "http://calendar.example/"}, "not-https"),
            ({"location": "http://[::1"}, "address"),
        ):
            before = {name: getattr(server, name) for name in does}
            for name, value in does.items():
                setattr(server, name, value)
            assert refused(server.url) == code, does
            for name, value in before.items():
                setattr(server, name, value)
        server.location = "/elsewhere.ics"
        assert got(server.url).content == b"x" * 900


def test_an_address_that_must_not_be_asked_is_not() -> None:
    for url, code in (
        ("http://calendar.example/x.ics", "not-https"),
        ("ftp://127.0.0.1/x.ics", "not-https"),
        ("https://169.254.169.254/latest", "private-address"),
        ("https://calendar.example/with blank", "address"),
        ("calendar.example/x.ics", "address"),
        ("https://[::1", "address"),
        ("", "address"),
    ):
        assert refused(url) == code, url


def test_the_network_may_not_lead_to_what_only_this_machine_reaches() -> None:
    came_from = "https://calendar.example/x.ics"
    for url in ("http://127.0.0.1/x.ics", "https://10.0.0.1/x.ics", "https://localhost/x.ics"):
        with pytest.raises(FetchError, match="private-address"):
            fetching._safe(url, came_from)
    assert fetching._safe("https://10.0.0.1/x.ics", "https://10.0.0.2/") == "https://10.0.0.1/x.ics"
    assert fetching._safe("webcal://calendar.example/x.ics", None) == "https://calendar.example/x.ics"


def test_nobody_there_and_no_answer_in_time_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setattr(fetching, "DEADLINE", 0.05)
        assert refused(f"http://127.0.0.1:{port}/x.ics") == "timeout"
    monkeypatch.setattr(fetching, "DEADLINE", 5.0)
    assert refused(f"http://127.0.0.1:{port}/x.ics") == "unreachable"
