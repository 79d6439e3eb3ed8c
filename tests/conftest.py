from collections.abc import Iterator

import pytest

from tests.places import keep_files_in_memory
from tests.servers.hooks import HookReceiver
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.servers.webhook import WebhookServer

keep_files_in_memory()

pytest_plugins = [
    *("tests.postgres", "tests.sharing", "tests.sooner"),
    *("tests.statements", "tests.passwords", "tests.remains", "tests.tracebacks"),
]


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[WebhookServer]:
    """A clinic's own system, which gets alerts."""
    with WebhookServer() as server:
        yield server


@pytest.fixture
def hook_receiver() -> Iterator[HookReceiver]:
    """Another system, which is told of what happens."""
    with HookReceiver() as server:
        yield server
