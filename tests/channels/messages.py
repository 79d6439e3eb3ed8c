"""Messages to hand over in these tests, and the ways to hand them over."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scheduler.channels.base import ChannelTransport
from scheduler.domain.clinic import EmailSender, SmsSender
from scheduler.domain.outgoing import Accepted, Outgoing, OutgoingEmail, OutgoingSms
from scheduler.errors import ChannelError

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ANNA = "+14165550123"
MIME = (
    b"From: Lumiere <care@lumiere.example>\r\nTo: Anna <anna@patients.example>\r\nSubject: Your skin today\r\n"
    b"Message-ID: <m1@lumiere.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
    b"Keep it clean.\r\n.\r\n.hidden\r\nBye\r\n"
)

SMS = OutgoingSms(
    attempt="attempt-1",
    sender=SmsSender(number="+14165550100"),
    to=ANNA,
    body="Hello Anna, keep out of the sun today.",
    deadline=NOW + timedelta(seconds=30),
    useful_until=NOW + timedelta(hours=2),
)
EMAIL = OutgoingEmail(
    attempt="attempt-2",
    sender=EmailSender(address="care@lumiere.example", name="Lumiere"),
    to="anna@patients.example",
    message_id="<m1@lumiere.example>",
    mime=MIME,
    deadline=NOW + timedelta(seconds=30),
)


def email_to(address: str, *, attempt: str = "attempt-2") -> OutgoingEmail:
    return replace(EMAIL, to=address, attempt=attempt)


def hand_over(transport: ChannelTransport, *messages: Outgoing) -> list[Accepted]:
    """Send one after the other in one opened transport; the first failure is raised."""

    async def run() -> list[Accepted]:
        async with transport:
            return [await transport.send(message) for message in messages]

    return asyncio.run(run())


def outcomes(transport: ChannelTransport, *messages: Outgoing) -> list[Accepted | ChannelError]:
    """Send one after the other and return what each came to."""

    async def run() -> list[Accepted | ChannelError]:
        results: list[Accepted | ChannelError] = []
        async with transport:
            for message in messages:
                try:
                    results.append(await transport.send(message))
                except ChannelError as error:
                    results.append(error)
        return results

    return asyncio.run(run())


def failure(transport: ChannelTransport, message: Outgoing) -> ChannelError:
    (result,) = outcomes(transport, message)
    assert isinstance(result, ChannelError)
    return result
