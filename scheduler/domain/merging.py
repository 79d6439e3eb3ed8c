"""One patient, several treatments: which messages become one, and which contradict each other.

Of messages of different visits, but of one kind, purpose, channel and question, that go out within the clinic's
window, the first to go is the *carrier*: it speaks for the others, its *passengers*. If it fails, they go themselves.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations

from scheduler.domain.advice import Catalogue
from scheduler.domain.advised import Held, last_instant
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.protocol import AfterReply, Before
from scheduler.domain.reasons import Reason, because
from scheduler.domain.situation import Decision, Kind, Pending, Situation
from scheduler.domain.states import Brake

LOOK = timedelta(seconds=20)
"""How long a message waits before it is looked at again whether the one that speaks for it has arrived."""

Decided = tuple[Pending, Situation, Decision]


@dataclass(frozen=True, slots=True)
class _Going:
    """A message that is expected to go out at `goes_at`, by itself as far as it knows."""

    message: Pending
    situation: Situation
    goes_at: datetime

    @property
    def theme(self) -> tuple[Hashable, ...]:
        """What messages have to share to become one."""
        step, message = self.situation.step, self.message
        remind = step.remind if step and message.ask else None
        return (step.merges_as if step else "", message.purpose, message.channel, message.ask, remind)

    @property
    def turn(self) -> tuple[datetime, int, datetime, int]:
        """Who carries: the first to go. One that was tried is known to the provider by its name, and stays itself."""
        message = self.message
        return self.goes_at, 0 if message.tried else 1, max(message.due_at, message.try_at), message.key


def spoken_for(message: Pending, situation: Situation, now: datetime) -> Decision | None:
    """Return what becomes of a message that another spoke for: that arrived, or nobody knows yet. None otherwise."""
    spoken = situation.spoken
    if spoken is None or (now >= message.useful_until and not spoken.arrived):
        return None
    who = {"message": str(spoken.message), "appointment": str(spoken.appointment)}
    if spoken.arrived:
        return Decision(Kind.SUPPRESS, (because("merged", **who),))
    at = min(now + LOOK, message.useful_until)
    return Decision(Kind.WAIT, (because("merging", **who),), at, brake=Brake.MERGE)


def join(
    cases: Sequence[Decided], soon: Sequence[Decided], *, now: datetime, catalogue: Catalogue
) -> tuple[Decision, ...]:
    """Return the decisions on `cases` with each other in mind, and with what of the patient is due `soon`.

    1. Where the advice of two visits can't be followed together, both wait for a person: also one that goes only
       later, and one whose other half the patient has already. What a person let go on goes as it is.
    2. Of the rest, a passenger waits for its carrier; a carrier that goes now names its passengers (`carries`).
    """
    decisions = {message.key: decision for message, _, decision in cases}
    if _one_visit(cases, soon):
        return tuple(decisions.values())
    going = list(_going([*cases, *soon]))
    held = _clashes(going, catalogue)
    decisions |= {key: decision for key, decision in held.items() if key in decisions}
    alone = [it for it in going if it.message.key not in held]
    for carrier, passengers in _groups(alone):
        if carrier.goes_at > now:
            continue
        waits = _waits_for(carrier, now)
        decisions |= {it.message.key: waits for it in passengers if it.message.key in decisions}
        if carrier.message.key in decisions:
            keys = tuple(it.message.key for it in passengers)
            decisions[carrier.message.key] = replace(decisions[carrier.message.key], carries=keys)
    return tuple(decisions.values())


def expected(decided: Iterable[Decided], *, ahead: timedelta, catalogue: Catalogue) -> Mapping[int, Reason]:
    """Return what is foreseen of those that go out with another visit's message, or will be held beside it.

    A carrier goes with the first of its passengers, each of those with its carrier when that goes. `ahead`: how far
    apart two are looked at together, as at the send.
    """
    going = list(_going(decided))
    held: dict[int, Decision] = {}
    for pair in combinations(going, 2):
        if abs(pair[0].goes_at - pair[1].goes_at) <= ahead:
            held = _clashes(pair, catalogue) | held
    found = {key: decision.reasons[0] for key, decision in held.items()}
    for carrier, passengers in _groups([it for it in going if it.message.key not in held]):
        found[carrier.message.key] = because("will_merge", **_named(passengers[0].message))
        for it in passengers:
            found[it.message.key] = because("will_go_with", **_named(carrier.message), at=carrier.goes_at)
    return found


def _named(message: Pending) -> dict[str, str]:
    return {"message": str(message.key), "appointment": str(message.appointment)}


def _one_visit(cases: Sequence[Decided], soon: Sequence[Decided]) -> bool:
    """Nearly every patient has one visit at a time: nothing to merge, and nothing was heard of another."""
    if any(situation.heard for _, situation, _ in cases):
        return False
    return not soon and len({message.appointment for message, _, _ in cases}) < 2  # noqa: PLR2004  (two make a pair)


def _going(decided: Iterable[Decided]) -> Iterator[_Going]:
    for message, situation, decision in decided:
        if decision.at and decision.brake is None and decision.kind in (Kind.SEND, Kind.WAIT):
            yield _Going(message, situation, max(decision.at, message.try_at))


def _groups(going: Sequence[_Going]) -> Iterator[tuple[_Going, list[_Going]]]:
    """Yield each carrier with its passengers, of which there is at least one."""
    left = sorted((it for it in going if _may_merge(it)), key=lambda it: it.turn)
    while left:
        carrier, left = left[0], left[1:]
        visits, passengers = {carrier.message.appointment}, []
        for it in left:
            near = it.goes_at - carrier.goes_at <= carrier.situation.merge_window
            fits = it.theme == carrier.theme and it.message.appointment not in visits
            if near and fits and _is_about_something(it, carrier.goes_at):
                visits.add(it.message.appointment)
                passengers.append(it)
        if passengers:
            yield carrier, passengers
            left = [it for it in left if it not in passengers]


def _may_merge(it: _Going) -> bool:
    """Whether it may become one with others: no reminder or resend, nothing that a person let go or put elsewhere."""
    message, situation = it.message, it.situation
    return bool(
        situation.merge_window
        and situation.step
        and message.occurrence == 1
        and not message.released
        and not message.held
        and not message.put
    )


def _is_about_something(it: _Going, at: datetime) -> bool:
    """Whether its visit has begun by then, where it is about what follows: the patient may still not come."""
    step, appointment = it.situation.step, it.situation.appointment
    ahead = step is not None and isinstance(step.timing, Before | AfterReply)
    return ahead or at >= appointment.starts_at or appointment.status is AppointmentStatus.COMPLETED


def _waits_for(carrier: _Going, now: datetime) -> Decision:
    return Decision(Kind.WAIT, (because("merging", **_named(carrier.message)),), now + LOOK, brake=Brake.MERGE)


def _clashes(going: Sequence[_Going], catalogue: Catalogue) -> dict[int, Decision]:
    """Return what is held because its advice can't be followed beside another visit's."""
    held: dict[int, Decision] = {}
    for it in going:
        for appointment, heard in it.situation.heard:
            pairs = [one for one in it.situation.advised if catalogue.contradict(one.tag, heard.tag)]
            if pairs and last_instant(heard, it.situation.hours.zone) >= it.goes_at:
                _hold(held, it, pairs[0].tag, heard.tag, appointment)
    for one, other in combinations(going, 2):
        if one.message.appointment == other.message.appointment:
            continue
        for mine, theirs in _contradictions(one, other, catalogue):
            _hold(held, one, mine.tag, theirs.tag, other.message.appointment)
            _hold(held, other, theirs.tag, mine.tag, one.message.appointment)
    return held


def _contradictions(one: _Going, other: _Going, catalogue: Catalogue) -> Iterator[tuple[Held, Held]]:
    both_from = max(one.goes_at, other.goes_at)
    same_kind = one.theme[0] == other.theme[0]
    for mine in one.situation.advised:
        for theirs in other.situation.advised:
            if catalogue.contradict(mine.tag, theirs.tag):
                ends = last_instant(mine, one.situation.hours.zone), last_instant(theirs, other.situation.hours.zone)
                if same_kind or min(ends) >= both_from:
                    yield mine, theirs


def _hold(held: dict[int, Decision], it: _Going, tag: str, other: str, appointment: Hashable) -> None:
    if it.message.released or it.message.held:
        return
    reason = because("clash", tag=tag, other=other, appointment=str(appointment))
    held.setdefault(it.message.key, Decision(Kind.HOLD, (reason,), brake=Brake.CLASH))
