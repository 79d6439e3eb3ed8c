"""One play: engines send, are killed again and again, and what the providers took is counted at the end."""

import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from tests.chaos.points import ENGINE, POINTS, Ambush
from tests.chaos.providers import Providers
from tests.chaos.site import Process, Row, Site, mailbox, mobile
from tests.chaos.verdict import Verdict, count_emails, count_texts

ANY = "at any instant"
TAKEN = {"accepted", "delivered"}
ENDED = {*TAKEN, "expired", "suppressed", "cancelled", "failed", "undelivered"}
LEASE = timedelta(seconds=70)
"""A dead engine's lease is over then."""
LONGEST_DRAIN = 240.0


@dataclass(frozen=True, slots=True)
class Wave:
    """A step of the protocol: when it is due, and on which channels (shipped config, a visit on 6 March 2030)."""

    step: str
    due_at: datetime
    channels: tuple[str, ...]


WAVES = (
    Wave("sun_protection", datetime(2030, 3, 6, 18, 0, tzinfo=UTC), ("sms", "email")),
    Wave("avoid_actives", datetime(2030, 3, 7, 14, 30, tzinfo=UTC), ("sms", "email")),
    Wave("redness_check", datetime(2030, 3, 8, 15, 0, tzinfo=UTC), ("sms",)),
    Wave("week_check", datetime(2030, 3, 13, 14, 0, tzinfo=UTC), ("sms",)),
    Wave("next_session", datetime(2030, 4, 3, 15, 0, tzinfo=UTC), ("sms", "email")),
)


@dataclass(frozen=True, slots=True)
class Member:
    """A command that runs, and the points that it passes."""

    words: tuple[str, ...]
    points: tuple[str, ...] = ENGINE


class Hunt(Protocol):
    """How the processes of a layout are killed."""

    @property
    def crew(self) -> Sequence[Member]:
        """Who brings things to their end afterwards."""
        ...

    def kill(self, play: "Play", *, kills: int, messages: int) -> None:
        """Kill, until `play` counts so many kills; `messages` were due when this wave began, and all before."""
        ...


@dataclass
class Play:
    """Play on a site with `kills` kills at least; `patients` get a text, a mail or both in each wave."""

    name: str
    hunt: Hunt
    site: Site
    providers: Providers
    patients: int
    kills: int
    seed: int = 1
    waves: Sequence[Wave] = WAVES
    verdict: Verdict = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.verdict = Verdict(self.name, self.patients * sum(len(wave.channels) for wave in self.waves))
        self._decks: dict[tuple[str, ...], list[str]] = {}

    def run(self) -> Verdict:
        """Play all waves, let what is left of each come to its end, and count."""
        began, due = time.monotonic(), 0
        self.site.register(self.patients)
        for number, wave in enumerate(self.waves, start=1):
            self.site.clock.move_to(wave.due_at)
            due += self.patients * len(wave.channels)
            self.hunt.kill(self, kills=self.kills * number // len(self.waves), messages=due)
            self.site.clock.move_by(LEASE)
            self._drain()
        self._count()
        self.verdict.seconds = time.monotonic() - began
        return self.verdict

    def ambush(self, member: Member, *, messages: int) -> Ambush | None:
        """Choose where a process is to end, at most about so many messages later; None is at any instant.

        Every point has its turn before one comes again.
        """
        deck = self._decks.setdefault(member.points, [])
        if not deck:
            deck += [*member.points, *[ANY] * (1 + len(member.points) // 3)]
            self.dice.shuffle(deck)
        point = deck.pop()
        if point == ANY:
            return None
        return Ambush(point, 1 + self.dice.randrange(max(1, messages // POINTS[point].each)))

    def note(self, process: Process, point: str) -> None:
        """Note how a process ended: killed at `point`, in good order, or by a fault of the program."""
        said = self.site.said(process)
        if process.returncode == -signal.SIGKILL:
            self.verdict.kills[point] += 1
        elif process.returncode != 0 and not (process.returncode == -signal.SIGTERM and ".started" not in said):
            self.verdict.faults.append(f"ended with {process.returncode}: {said[-300:]}")
        if "Traceback" in said:
            self.verdict.faults.append(said[-2000:])

    def _drain(self) -> None:
        """Let engines that nobody harms bring everything to its end."""
        with self._serving():
            if not self.site.pass_time(lambda: not self._open(), within=LONGEST_DRAIN):
                self.verdict.faults.append(f"never came to an end: {self._open()}")

    @contextmanager
    def _serving(self) -> Iterator[None]:
        """Run the crew; afterwards tell it to stop, which it does in good order."""
        processes = [self.site.launch(*member.words) for member in self.hunt.crew]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(60)
                self.note(process, "")

    def _open(self) -> list[Row]:
        """The messages of the waves that are due and have not come to an end."""
        now = self.site.clock.now()
        due = {wave.step for wave in self.waves if wave.due_at <= now}
        return [row for row in self.site.messages() if row.step in due and row.status not in ENDED]

    def _count(self) -> None:
        texts = sum("sms" in wave.channels for wave in self.waves)
        emails = sum("email" in wave.channels for wave in self.waves)
        numbers = range(self.patients)
        count_texts(self.verdict, self.providers.texts(), {mobile(n): texts for n in numbers})
        count_emails(self.verdict, self.providers.emails(), {mailbox(n): emails for n in numbers})
        played = {wave.step for wave in self.waves}
        otherwise = [row for row in self.site.messages() if row.step in played and row.status not in TAKEN]
        if otherwise:
            self.verdict.faults.append(f"the store says otherwise: {otherwise}")
