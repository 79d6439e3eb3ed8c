"""The bare loop: the product's own client and rendering, and nothing else. No store, no decisions, no record.

Run by the measures: python -m benchmarks.bare --channel sms --count 10000 --at-once 64.
"""

import argparse
import asyncio
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.installation import CLINIC, STEP, TREATMENT
from benchmarks.process import report, wait_for_go
from benchmarks.seeding import FIRST
from scheduler.channels.live import open_live
from scheduler.cli.wiring import collect_less
from scheduler.clock import SystemClock
from scheduler.content.mime import build_mime
from scheduler.content.render import render_email, render_sms
from scheduler.content.templates import Texts
from scheduler.content.variables import Variables, variables_for
from scheduler.domain.outgoing import Outgoing, OutgoingEmail, OutgoingSms
from scheduler.domain.protocol import Channel
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import load
from scheduler.settings import Settings, read_settings

WARM = 500


@dataclass(frozen=True, slots=True)
class Letters:
    """Makes the same letters as the engine, of nothing but a number."""

    configuration: Configuration
    texts: Texts
    now: datetime

    def sms(self, number: int) -> Outgoing:
        """Render a text."""
        clinic = self.configuration.clinic(CLINIC)
        assert clinic.sms
        rendered = render_sms(self.texts, STEP, "en", self._variables())
        to = f"+1514{number:07d}"
        return OutgoingSms(secrets.token_urlsafe(16), clinic.sms, to, rendered.body, self._end, self._end)

    def email(self, number: int) -> Outgoing:
        """Render and build a mail."""
        clinic = self.configuration.clinic(CLINIC)
        assert clinic.email
        to, message_id = f"patient{number}@patients.example", f"<{secrets.token_hex(16)}@harbour.example>"
        mime = build_mime(
            render_email(self.texts, STEP, "en", self._variables()),
            sender=clinic.email,
            to=to,
            to_name="Zoë Lachance",
            message_id=message_id,
            date=self.now,
            language="en",
        )
        return OutgoingEmail(secrets.token_urlsafe(16), clinic.email, to, message_id, mime, self._end)

    @property
    def _end(self) -> datetime:
        return self.now + timedelta(days=1)

    def _variables(self) -> Variables:
        clinic = self.configuration.clinic(CLINIC)
        protocol = self.configuration.protocol_for(CLINIC, TREATMENT)
        starts_at = self.now - timedelta(days=1)
        return variables_for(clinic, protocol, patient_name="Zoë Lachance", language="en", starts_at=starts_at)


def main() -> None:
    """Measure one run as the environment describes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channel", choices=[channel.value for channel in Channel], required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    asked = parser.parse_args()
    collect_less()  # as the product does
    asyncio.run(_measure(read_settings(os.environ), Channel(asked.channel), asked.count, asked.at_once))


async def _measure(settings: Settings, channel: Channel, count: int, at_once: int) -> None:
    clock = SystemClock()
    letters = Letters(load(settings.config_dir), Texts(settings.templates_dir), clock.now())
    make = letters.sms if channel is Channel.SMS else letters.email
    transport = open_live(settings, clock=clock, emails_at_once=at_once)[channel]
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(transport)

        async def work(numbers: Iterator[int], write: Callable[[int], Outgoing]) -> int:
            sent = 0
            for number in numbers:
                await transport.send(write(number))
                sent += 1
            return sent

        async def send_all(numbers: range) -> int:
            shared = iter(numbers)
            return sum(await asyncio.gather(*(work(shared, make) for _ in range(at_once))))

        await send_all(range(FIRST, FIRST + WARM))
        wait_for_go()
        started = time.monotonic()
        sent = await send_all(range(FIRST + WARM, FIRST + WARM + count))
        report(started=started, ended=time.monotonic(), sent=sent)


if __name__ == "__main__":
    main()
