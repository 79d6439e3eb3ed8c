"""How processes are killed: one that works alone, or one of several that work side by side."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from subprocess import TimeoutExpired

from tests.chaos.play import ANY, LEASE, Member, Play
from tests.chaos.points import HANDER, WORKER, Ambush
from tests.chaos.site import Process

PATIENCE = 12.0
"""Seconds that a process is waited for; then it is killed wherever it is."""
FIRST = 4.0
"""Seconds until an engine that works alone has handed something over, if it ever does."""
IDLE = 1.0
"""Seconds without a hand-over after that, after which nothing more is expected of it."""
LOOK = 0.002

DISPATCH, SERVE = Member(("dispatch",)), Member(("serve", "--port", "0"))
HANDING_ON, WORKING = Member(SERVE.words, HANDER), Member(("worker",), WORKER)


@dataclass(frozen=True, slots=True)
class Alone:
    """One engine at a time: now a `dispatch`, now a `serve`. Its lease is over before the next one starts."""

    crew: Sequence[Member] = (SERVE,)
    kinds: Sequence[Member] = (DISPATCH, SERVE)

    def kill(self, play: Play, *, kills: int, messages: int) -> None:
        while (left := kills - play.verdict.kills.total()) > 0:
            # What is left of the wave is shared out among the kills to come.
            self._kill_one(play, min(200, max(8, (messages - play.providers.look()) // left)))

    def _kill_one(self, play: Play, budget: int) -> None:
        member = play.dice.choice(self.kinds)
        ambush = play.ambush(member, messages=2 * budget)
        enough = play.providers.look() + play.dice.randrange(1, budget)
        process = play.site.launch(*member.words, at=ambush)
        _wait(play, process, None if ambush else enough)
        reached = process.poll() is not None
        process.kill()
        process.wait()
        play.note(process, ambush.point if ambush and reached else ANY)
        play.site.clock.move_by(LEASE)


def _wait(play: Play, process: Process, enough: int | None) -> None:
    """Wait until the process has ended, or `enough` was taken, or nothing is taken any more."""
    before, until = play.providers.look(), time.monotonic() + FIRST
    while process.poll() is None and time.monotonic() < until:
        if (taken := play.providers.look()) != before:
            before, until = taken, time.monotonic() + IDLE
        if enough is not None and taken >= enough:
            return
        time.sleep(LOOK)


@dataclass(slots=True)
class Prey:
    """A process of a crowd, where it is to end, and when it is killed otherwise."""

    member: Member
    process: Process
    ambush: Ambush | None
    until: float
    enough: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """All of a crew at the same time. Whoever dies comes back; the others go on meanwhile."""

    crew: Sequence[Member]
    _preys: list[Prey] = field(default_factory=list, init=False)

    def kill(self, play: Play, *, kills: int, messages: int) -> None:
        preys = [self._start(play, member, messages) for member in self.crew]
        while play.verdict.kills.total() < kills:
            for number, prey in enumerate(preys):
                if self._is_dead(play, prey):
                    preys[number] = self._start(play, prey.member, messages)
            time.sleep(LOOK)
        for prey in preys:
            prey.process.terminate()
        for prey in preys:
            _end(prey)
            play.note(prey.process, prey.ambush.point if prey.ambush else ANY)

    def _start(self, play: Play, member: Member, messages: int) -> Prey:
        taken = play.providers.look()
        budget = max(8, min(100, (messages - taken) // 4))
        ambush = play.ambush(member, messages=budget)
        until = time.monotonic() + play.dice.uniform(PATIENCE / 2, PATIENCE)
        process = play.site.launch(*member.words, at=ambush)
        return Prey(member, process, ambush, until, taken + play.dice.randrange(1, budget))

    def _is_dead(self, play: Play, prey: Prey) -> bool:
        """Whether it has ended; one whose time has come is killed."""
        if prey.process.poll() is not None:
            play.note(prey.process, prey.ambush.point if prey.ambush else ANY)
            return True
        if time.monotonic() < prey.until and (prey.ambush or play.providers.look() < prey.enough):
            return False
        prey.process.kill()
        prey.process.wait()
        play.note(prey.process, ANY)
        return True


def _end(prey: Prey) -> None:
    """Wait for one that was told to stop; one that is in an ambush meanwhile ends there."""
    with suppress(TimeoutExpired):
        prey.process.wait(60)
        return
    prey.process.kill()
    prey.process.wait()
