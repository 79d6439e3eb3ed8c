"""Decides a batch of due messages, each patient's together, with what holds for them now, the brakes last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby

from scheduler.domain.brakes import Kept
from scheduler.domain.decision import decide_together
from scheduler.domain.reasons import because
from scheduler.domain.refusal import until_mended
from scheduler.domain.situation import Decision, Kind
from scheduler.domain.states import Brake
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import pending_of, situation_of
from scheduler.services.braking import Brakes
from scheduler.store.database import Tx
from scheduler.store.due import DueMessage
from scheduler.store.pauses import pauses_in_force


@dataclass(frozen=True, slots=True)
class Verdict:
    """A due message and what becomes of it."""

    due: DueMessage
    decision: Decision


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides by the configuration and the brakes of the moment."""

    configuration: Configuration
    brakes: Brakes = field(default_factory=Brakes)

    def judge(
        self, dues: Sequence[DueMessage], *, now: datetime, unrenderable: Mapping[int, str] | None = None
    ) -> list[Verdict]:
        """Return the verdict of each message; `unrenderable` says of some why their text can't be rendered.

        What else of a patient is due and held by nobody, or by another engine, takes part in deciding what
        collapses into what; it gets no verdict here. What a person has to decide about takes no other's place: with
        each such message known, all are decided again.
        """
        ordered = sorted(dues, key=lambda due: (due.patient.id, due.message.due_at, due.message.id))
        kept: dict[int, Kept] = {}
        while True:
            verdicts = [
                verdict
                for _, group in groupby(ordered, key=lambda due: due.patient.id)
                for verdict in self._judge_patient(list(group), now, unrenderable or {}, kept)
            ]
            late_before = now - self.configuration.instance.late_after
            decided = [(it.due, it.decision) for it in verdicts]
            more = self.brakes.keep(decided, late_before=late_before, known=kept.keys())
            if not more:
                return verdicts
            kept |= more

    def _judge_patient(
        self, mine: Sequence[DueMessage], now: datetime, unrenderable: Mapping[int, str], kept: Mapping[int, Kept]
    ) -> list[Verdict]:
        known = [due for due in mine if due.message.clinic in self.configuration.clinics]
        beside = known[0].others if known else ()
        decisions = decide_together(
            [
                (
                    pending_of(due.message),
                    situation_of(
                        due,
                        self.configuration,
                        template_error=unrenderable.get(due.message.id),
                        paused=self.brakes.paused(due.message),
                        kept=kept.get(due.message.id),
                        refusing=self.brakes.refusing(due.message, self.configuration.clinic(due.message.clinic)),
                    ),
                )
                for due in (*known, *beside)
            ],
            now=now,
            late_after=self.configuration.instance.late_after,
            late_spacing=self.configuration.instance.late_spacing,
            sent=mine[0].sent,
            most_a_day=self.configuration.instance.messages_a_day,
        )
        strangers = [Verdict(due, _clinic_gone(due, now)) for due in mine if due not in known]
        return [Verdict(due, it) for due, it in zip(known, decisions[: len(known)], strict=True)] + strangers


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
