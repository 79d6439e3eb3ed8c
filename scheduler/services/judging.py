"""Decides a batch of due messages, each patient's together, with what holds for them now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from scheduler.domain.decision import Decision, decide_together, until_mended
from scheduler.domain.reasons import because
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import pending_of, situation_of
from scheduler.store.due import DueMessage


@dataclass(frozen=True, slots=True)
class Verdict:
    """A due message and what becomes of it."""

    due: DueMessage
    decision: Decision


@dataclass(frozen=True, slots=True)
class Judge:
    """Decides by the configuration of the moment."""

    configuration: Configuration

    def judge(
        self, dues: Sequence[DueMessage], *, now: datetime, unrenderable: Mapping[int, str] | None = None
    ) -> list[Verdict]:
        """Return the verdict of each message; `unrenderable` says of some why their text can't be rendered.

        What else of a patient is due and held by nobody, or by another engine, takes part in deciding what
        collapses into what; it gets no verdict here.
        """
        ordered = sorted(dues, key=lambda due: (due.patient.id, due.message.due_at, due.message.id))
        return [
            verdict
            for _, group in groupby(ordered, key=lambda due: due.patient.id)
            for verdict in self._judge_patient(list(group), now, unrenderable or {})
        ]

    def _judge_patient(
        self, mine: Sequence[DueMessage], now: datetime, unrenderable: Mapping[int, str]
    ) -> list[Verdict]:
        known = [due for due in mine if due.message.clinic in self.configuration.clinics]
        beside = known[0].others if known else ()
        decisions = decide_together(
            [
                (
                    pending_of(due.message),
                    situation_of(due, self.configuration, template_error=unrenderable.get(due.message.id)),
                )
                for due in (*known, *beside)
            ],
            now=now,
            late_after=self.configuration.instance.late_after,
            late_spacing=self.configuration.instance.late_spacing,
            sent=mine[0].sent,
        )
        strangers = [Verdict(due, _clinic_gone(due, now)) for due in mine if due not in known]
        return [Verdict(due, it) for due, it in zip(known, decisions[: len(known)], strict=True)] + strangers


def _clinic_gone(due: DueMessage, now: datetime) -> Decision:
    return until_mended(because("clinic_gone"), now=now, useful_until=due.message.useful_until)
