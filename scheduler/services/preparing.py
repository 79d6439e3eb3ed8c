"""From claimed messages to letters: decided with what holds now, rendered; what does not go out is settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.content.templates import Texts
from scheduler.domain.lateness import is_late
from scheduler.domain.reasons import because, planned_part
from scheduler.domain.refusal import until_mended
from scheduler.domain.situation import STATUS_AFTER, Decision, Kind
from scheduler.domain.states import Brake, Cause, Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.approver import Approver
from scheduler.services.bench import Bench
from scheduler.services.binding import Heard
from scheduler.services.braking import BrakeReader, Brakes
from scheduler.services.fallback import Fallback, add_fallbacks
from scheduler.services.hearsay import what_was_heard
from scheduler.services.holding import tell_held
from scheduler.services.judging import Judge, Verdict, waiting_still
from scheduler.services.letters import Letter, Writer
from scheduler.services.links import Links
from scheduler.services.noticing import NoticeVerdict, NoticeWriter
from scheduler.services.pacing import Pacer
from scheduler.store.appointments import hold_appointments
from scheduler.store.database import Store
from scheduler.store.due import DueMessage, load_due
from scheduler.store.messages import Message
from scheduler.store.moves import Move
from scheduler.store.notices import LoadedNotices, load_notices
from scheduler.store.transitions import move_all

NO_NOTICES = LoadedNotices([], [])


@dataclass(frozen=True, slots=True)
class Prepared:
    """The letters that may go out, and the verdicts that were carried out instead."""

    letters: list[Letter]
    settled: list[Verdict | NoticeVerdict]


@dataclass(frozen=True, slots=True)
class Preparer:
    """Prepares batches for one engine, which `owner` names. `live`: the senders' rates and approvals count."""

    store: Store
    configuration: Configuration
    texts: Texts
    links: Links
    owner: str
    live: bool = True

    def prepare(self, ids: Sequence[int], *, now: datetime) -> Prepared:
        """Prepare what this owner claimed. Blocks; commits before it returns. Raises StoreError.

        What was cancelled, moved or taken over since the claim is left out. The letters are still only claimed:
        they begin as they are handed over.
        """
        with self.store.read() as tx:
            loaded = load_due(tx, ids, now=now, ahead=self.configuration.longest_merge_window)
            mine = [it for it in loaded.due if it.message.claimed_by == self.owner]
            notices = load_notices(tx, ids) if len(loaded.due) + len(loaded.unreadable) < len(ids) else NO_NOTICES
            told = [it for it in notices.due if it.message.claimed_by == self.owner]
            brakes = BrakeReader(self.configuration).read(tx, mine, now=now, notices=told)
            heard = what_was_heard(tx, self.configuration, mine, now=now)
        letters, others = self._write(mine, brakes, heard, now)
        rings, unsent = NoticeWriter(self.configuration, self.texts, self.links).write(told, brakes, now=now)
        letters = rings + letters
        slots: Mapping[int, datetime] = {}
        with self.store.write() as tx:
            others = waiting_still(tx, others, now=now)
            if self.live:
                turns = Pacer(self.configuration).pace(tx, letters, now=now)
                letters, others, slots = turns.letters, others + turns.put_off, turns.slots
            hold_appointments(tx, {it.due.appointment.id for it in others if it.decision.fallback})
            moves = [self._settled(verdict, slots, now) for verdict in others]
            moves += [self._unreadable(message, now) for message in (*loaded.unreadable, *notices.unreadable)]
            moves += [self._move(it.due.message, it.decision) for it in unsent]
            moved = set(move_all(tx, moves, now=now))
            settled = [verdict for verdict in others if verdict.due.message.id in moved]
            add_fallbacks(tx, [Fallback(it.due, it.decision.fallback) for it in settled], now=now, by=self.owner)
            tell_held(tx, [(it.due.message.clinic, it.decision) for it in settled], now=now)
        return Prepared(letters, [*settled, *(it for it in unsent if it.due.message.id in moved)])

    def _write(
        self, dues: Sequence[DueMessage], brakes: Brakes, heard: Mapping[int, Sequence[Heard]], now: datetime
    ) -> tuple[list[Letter], list[Verdict]]:
        """Decide and render; what can't be rendered is decided again with that known, and all others with it.

        A text that fails must not have swallowed an earlier message of the same patient before it fails. What has no
        text for several goes out apart.
        """
        approver = Approver(self.configuration, self.texts, live=self.live)
        judge = Judge(self.configuration, brakes, approver, heard)
        bench = Bench(Writer(self.configuration, self.texts, self.links), approver)
        while True:
            verdicts = judge.judge(dues, now=now, unrenderable=bench.faults, apart=bench.apart)
            expected = [it for it in verdicts if it.decision.kind is Kind.SEND or _waits_for_hours(it.decision)]
            if bench.render(expected, now):
                going = [bench.letter(it) for it in verdicts if it.decision.kind is Kind.SEND]
                going = [replace(it, trial=True) if brakes.is_trial(it.due.message) else it for it in going]
                return going, [it for it in verdicts if it.decision.kind is not Kind.SEND]

    def _settled(self, verdict: Verdict, slots: Mapping[int, datetime], now: datetime) -> Move:
        """Carry a decision out. What waits for allowed hours, or its turn, is due then: not late for that."""
        message, decision = verdict.due.message, verdict.decision
        late = is_late(message.due_at, now=now, late_after=self.configuration.instance.late_after)
        move = replace(self._move(message, decision), slot_at=slots.get(message.id))
        planned = _waits_for_hours(decision) or decision.brake is Brake.RATE
        return replace(move, due_at=decision.at) if planned and not late else move

    def _unreadable(self, message: Message, now: datetime) -> Move:
        """Keep back a message whose patient can't be opened; those of the others go out."""
        return self._move(message, until_mended(because("unreadable"), now=now, useful_until=message.useful_until))

    def _move(self, message: Message, decision: Decision) -> Move:
        return Move(
            message.id,
            Status.CLAIMED,
            Cause.DECIDE,
            STATUS_AFTER[decision.kind],
            by=self.owner,
            reasons=(*planned_part(message.reasons), *decision.reasons),
            try_at=decision.at,
            owner=self.owner,
            brake=decision.brake,
        )


def _waits_for_hours(decision: Decision) -> bool:
    return decision.kind is Kind.WAIT and decision.brake is None
