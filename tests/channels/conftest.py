import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from scheduler.clock import FixedClock
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 2, 15, 0, tzinfo=UTC))


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def unused_port() -> int:
    """A port of loopback where nothing listens: bound and given back."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
