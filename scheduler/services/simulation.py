"""Plays an appointment as it would go: registered, sent, answered by the product itself, on a clock that is moved."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.content.templates import Texts
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Before, Protocol
from scheduler.domain.simulated import Case, Event, Outage, moment_in
from scheduler.errors import AftercareError
from scheduler.protocols.configuration import Configuration
from scheduler.services.happenings import Happenings
from scheduler.services.played import Played, outline, simulated_messages
from scheduler.services.reply_desk import Words
from scheduler.services.stage import Stage, play_through
from scheduler.services.timeline import timeline
from scheduler.store.in_memory import InMemoryStore, unsent_steps

EARLY = timedelta(days=7)
"""How long before its first step an appointment is registered, unless the case says when."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case to be played. To its end, or until all has happened and no `watched` step waits.

    Of what still waits then, the timeline says no more than why it was planned.
    """

    case: Case
    watched: Collection[str] | None = None


class Simulator:
    """Plays cases in worlds of their own. Not for two threads at once."""

    def __init__(self, configuration: Configuration, texts: Texts, words: Words) -> None:
        self._configuration = configuration
        self._texts = texts
        self._words = words
        self._store = InMemoryStore()

    def close(self) -> None:
        """Free the memory."""
        self._store.close()

    def play(self, case: Case) -> Played:
        """Play a case to its end. Blocks.

        Raises ConfigError for a clinic or treatment that is not there, RegistrationError for what could not be
        registered, SimulationError (EventError) for what can't happen.
        """
        (ended,) = self.play_all([Wanted(case)])
        if isinstance(ended, AftercareError):
            raise ended
        return ended

    def play_all(self, wanted: Sequence[Wanted]) -> list[Played | AftercareError]:
        """Play cases and return how each went, or why it could not, in their order. Blocks.

        Those that can share a world do, as patients of the same clinics: what is due at the same instant is sent at
        once, which is several times as fast. Where a clinic is closed on other days, or is down, a case is alone.
        """
        ends: dict[int, Played | AftercareError] = {}
        worlds: dict[Hashable, list[int]] = {}
        for place, it in enumerate(wanted):
            worlds.setdefault(_world_of(it.case, place), []).append(place)
        for places in worlds.values():
            cases = [wanted[place] for place in places]
            ends |= zip(places, self._play_together(cases), strict=True)
        return [ends[place] for place in range(len(wanted))]

    def _play_together(self, wanted: Sequence[Wanted]) -> list[Played | AftercareError]:
        configuration = _with_closures(self._configuration, wanted[0].case)
        starts: list[datetime] = []
        for it in wanted:
            clinic = configuration.clinic(it.case.clinic)
            starts.append(registered_at(it.case, clinic, configuration.protocol_for(clinic.id, it.case.treatment)))
        stage = Stage(self._store, configuration, self._texts, self._words, now=min(starts), cases=len(wanted))
        actors = [
            Actor(Happenings(stage, it.case, number), it.watched, start)
            for number, (it, start) in enumerate(zip(wanted, starts, strict=True))
        ]
        play_through(lambda: _play(stage, actors))
        return [actor.ended or _played(actor) for actor in actors]


@dataclass(slots=True)
class Actor:
    """One case on a stage. `ended` is how it went, once nobody needs to look at it any more."""

    happenings: Happenings
    watched: Collection[str] | None
    starts_at: datetime
    appointment: int = 0
    left: int = 0
    ended: Played | AftercareError | None = None

    def act(self, event: Event | None) -> None:
        """Let an event happen, or the registration; what can't happen ends the case."""
        self.left -= 1
        try:
            if event is None:
                self.appointment = self.happenings.begin()
            else:
                self.happenings.bring_about(event, self.appointment)
        except AftercareError as error:
            self.ended = error

    def is_done(self, unsent: Mapping[int, set[str]]) -> bool:
        """Whether all has happened, and nothing that is watched waits."""
        if self.left:
            return False
        waits = unsent.get(self.appointment, set())
        return not waits if self.watched is None else waits.isdisjoint(self.watched)

    def agenda(self) -> Iterator[tuple[datetime, Event | None]]:
        """Yield the registration, then the events, each with its instant."""
        zone, case = self.happenings.clinic.timezone, self.happenings.case
        self.left = 1 + len(case.events)
        yield self.starts_at, None
        yield from ((moment_in(zone, event.at), event) for event in case.events)


async def _play(stage: Stage, actors: Sequence[Actor]) -> None:
    agenda = [(at, actor, event) for actor in actors for at, event in actor.agenda()]

    def all_ended() -> bool:
        with stage.store.read() as tx:
            unsent = unsent_steps(tx)
        for actor in actors:
            if actor.ended is None and actor.is_done(unsent):
                actor.ended = _played(actor)
                actor.happenings.withdraw(actor.appointment)
        return all(actor.ended for actor in actors)

    for at, actor, event in sorted(agenda, key=lambda it: it[0]):
        await stage.run_until(at, all_ended)
        if actor.ended is None:
            actor.act(event)
            await stage.work()
    await stage.run_until(None, all_ended)


def _played(actor: Actor) -> Played:
    stage, case, clinic = actor.happenings.stage, actor.happenings.case, actor.happenings.clinic
    with stage.store.read() as tx:
        if actor.watched is None:
            told = timeline(tx, stage.configuration, actor.appointment, now=stage.clock.now())
        else:
            told = outline(tx, stage.configuration, actor.appointment)
        messages = simulated_messages(tx, told)
    alerts = tuple(alert.kind for alert in told.alerts)
    return Played(told, clinic, case.timezone or clinic.timezone, actor.starts_at, messages, alerts)


def _world_of(case: Case, place: int) -> Hashable:
    """Return what tells worlds apart."""
    if any(isinstance(event, Outage) for event in case.events):
        return place
    return None if case.closures is None else (case.clinic, case.closures)


def _with_closures(configuration: Configuration, case: Case) -> Configuration:
    if case.closures is None:
        return configuration
    clinic = replace(configuration.clinic(case.clinic), closures=case.closures)
    return replace(configuration, clinics={**configuration.clinics, clinic.id: clinic})


def registered_at(case: Case, clinic: Clinic, protocol: Protocol) -> datetime:
    """Return when a case is registered, unless it says so: early enough for every step and event."""
    if case.registered_at:
        return moment_in(clinic.timezone, case.registered_at)
    before = [step.timing.span.elapsed for step in protocol.steps if isinstance(step.timing, Before)]
    events = [moment_in(clinic.timezone, event.at) for event in case.events]
    starts_at = moment_in(clinic.timezone, case.starts_at)
    return min([starts_at - max(before, default=timedelta(0)) - EARLY, *(it - EARLY for it in events)])
