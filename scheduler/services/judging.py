"""Decides a batch of due messages, each patient's together, with what holds for them now, the brakes last."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from scheduler.domain.brakes import Kept
from scheduler.domain.decision import decide_together
from scheduler.domain.reasons import because
from scheduler.domain.refusal import until_mended
from scheduler.domain.situation import Decision, Kind, Pending, Situation
from scheduler.domain.states import Brake
from scheduler.protocols.configuration import Configuration
from scheduler.services.approver import Approver
from scheduler.services.binding import Heard, pending_of, situation_of
from scheduler.services.braking import Brakes
from scheduler.store.database import Tx
from scheduler.store.due import DueMessage
from scheduler.store.pauses import pauses_in_force


@dataclass(frozen=True, slots=True)
class Verdict:
    """A due message and what becomes of it; `passengers` are those that it speaks for too."""

    due: DueMessage
    decision: Decision
    passengers: tuple[DueMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides by the configuration and the brakes of the moment; without `approver` nothing has to be approved."""

    configuration: Configuration
    brakes: Brakes = field(default_factory=Brakes)
    approver: Approver | None = None
    heard: Mapping[int, Sequence[Heard]] = field(default_factory=dict)

    def judge(
        self,
        dues: Sequence[DueMessage],
        *,
        now: datetime,
        unrenderable: Mapping[int, str] | None = None,
        apart: Container[int] = (),
    ) -> list[Verdict]:
        """Return the verdict of each message; `unrenderable` says of some why their text can't be rendered.

        Those in `apart` become one with no other: there is no text for them together.

        What else of a patient is due and held by nobody, or by another engine, takes part in deciding what
        collapses into what; it gets no verdict here. What a person has to decide about takes no other's place: with
        each such message known, all are decided again.
        """
        known = _Known(now, unrenderable or {}, apart)
        ordered = sorted(dues, key=lambda due: (due.patient.id, due.message.due_at, due.message.id))
        while True:
            verdicts = [
                verdict
                for _, group in groupby(ordered, key=lambda due: due.patient.id)
                for verdict in self._judge_patient(list(group), known)
            ]
            late_before = now - self.configuration.instance.late_after
            decided = [(it.due, it.decision) for it in verdicts]
            more = self.brakes.keep(decided, late_before=late_before, known=known.kept.keys())
            if not more:
                return verdicts
            known.kept |= more

    def _judge_patient(self, mine: Sequence[DueMessage], known: "_Known") -> list[Verdict]:
        ours = [due for due in mine if due.message.clinic in self.configuration.clinics]
        cases = [*ours, *ours[0].others] if ours else []
        soon = ours[0].soon if ours else ()
        decisions = decide_together(
            [self._case(due, known) for due in cases],
            now=known.now,
            late_after=self.configuration.instance.late_after,
            late_spacing=self.configuration.instance.late_spacing,
            sent=mine[0].sent,
            most_a_day=self.configuration.instance.messages_a_day,
            soon=[self._case(due, known) for due in soon],
            catalogue=self.configuration.advice,
        )
        carried = {due.message.id: due for due in (*cases, *soon)} if any(it.carries for it in decisions) else {}
        strangers = [Verdict(due, _clinic_gone(due, known.now)) for due in mine if due not in ours]
        return [
            Verdict(due, it, tuple(carried[key] for key in it.carries))
            for due, it in zip(ours, decisions[: len(ours)], strict=True)
        ] + strangers

    def _case(self, due: DueMessage, known: "_Known") -> tuple[Pending, Situation]:
        situation = situation_of(
            due,
            self.configuration,
            template_error=known.unrenderable.get(due.message.id),
            unapproved=self.approver.lacking(due) if self.approver else None,
            paused=self.brakes.paused(due.message),
            kept=known.kept.get(due.message.id),
            refusing=self.brakes.refusing(due.message, self.configuration.clinic(due.message.clinic)),
            heard=self.heard.get(due.patient.id, ()),
            apart=due.message.id in known.apart,
        )
        return pending_of(due.message), situation


@dataclass(slots=True)
class _Known:
    """What is known of the messages of a batch beside what the store says; `kept` grows as it is decided."""

    now: datetime
    unrenderable: Mapping[int, str]
    apart: Container[int]
    kept: dict[int, Kept] = field(default_factory=dict)


def waiting_still(tx: Tx, verdicts: Sequence[Verdict], *, now: datetime) -> list[Verdict]:
    """Let what waits for a pause be tried at once where that was lifted since: whoever lifted it could not wake it.

    For the transaction that carries the verdicts out. The pauses that hold in it can't be lifted before it ends, and
    whoever lifts one then finds what waits for it.
    """
    patients = {it.due.message.of_patient for it in verdicts if it.decision.brake is Brake.PAUSE}
    if not patients:
        return list(verdicts)
    brakes = Brakes(pauses_in_force(tx, patients))
    at_once = Decision(Kind.WAIT, at=now, brake=Brake.PAUSE)
    return [
        replace(it, decision=at_once)
        if it.decision.brake is Brake.PAUSE and it.due.message.channel not in (brakes.paused(it.due.message) or ())
        else it
        for it in verdicts
    ]


def _clinic_gone(due: DueMessage, now: datetime) -> Decision:
    return until_mended(because("clinic_gone"), now=now, useful_until=due.message.useful_until)
