"""The messages of appointments as they are first planned; later on only `transitions` writes their statuses."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import dump_reasons
from scheduler.domain.states import REPLANNABLE, Brake, Status
from scheduler.store.appointments import StoredAppointment
from scheduler.store.batches import given
from scheduler.store.bulk import Plain, insert_rows
from scheduler.store.columns import instant_text
from scheduler.store.database import Tx
from scheduler.store.erasure_tables import is_kept
from scheduler.store.tables import messages

_ADDED = (
    "origin",
    "clinic",
    "patient_id",
    "appointment_id",
    "step",
    "channel",
    "occurrence",
    "purpose",
    "status",
    "planned_at",
    "due_at",
    "try_at",
    "useful_until",
    "if_late",
    "ask",
    "fallback",
    "reasons",
    "protocol_digest",
    "brake",
    "created_at",
    "updated_at",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be sent about an appointment, by the protocol of that digest."""

    appointment: StoredAppointment
    messages: Sequence[PlannedMessage]
    protocol_digest: str


def origin_of(appointment_id: int, step: str, channel: Channel, occurrence: int) -> str:
    """Return the key under which a step's message exists once, whoever wants it and how often."""
    return f"{appointment_id}/{step}/{channel}/{occurrence}"


def add_planned(
    tx: Tx,
    appointment: StoredAppointment,
    planned: Sequence[PlannedMessage],
    *,
    protocol_digest: str,
    now: datetime,
) -> list[int]:
    """Add an appointment's messages as planned and return their ids. The caller commits.

    One that exists already, by its origin, is left as it is and is not in the answer; nor is one of a patient whose
    data were erased: it is not added.
    """
    return add_plans(tx, [Plan(appointment, planned, protocol_digest)], now=now)


def add_plans(tx: Tx, plans: Iterable[Plan], *, now: datetime) -> list[int]:
    """Add messages of several appointments as planned; see `add_planned`."""
    rows = _new_rows(plans, now)
    if not rows:
        return []
    records = [dict(zip(_ADDED, row, strict=True)) for row in rows]
    return list(tx.connection.execute(_insert_unless_there(tx.dialect), {"records": records}).scalars())


def add_first_plans(tx: Tx, plans: Iterable[Plan], *, now: datetime) -> None:
    """Add the messages of appointments that are new in this transaction. The caller commits."""
    insert_rows(tx, "messages", _ADDED, _new_rows(plans, now))


def brake_of(planned: PlannedMessage) -> Brake | None:
    """Return what holds a message that is held as it is planned: it was late by then."""
    return Brake.LATE if planned.status is Status.HELD else None


@cache
def _insert_unless_there(dialect: str) -> sa.Executable:
    records = given(dialect, "records", [messages.c[name] for name in _ADDED])
    picked = sa.select(*records.c).where(is_kept(records.c.patient_id))
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    added = insert(messages).from_select(_ADDED, picked)
    return added.on_conflict_do_nothing(index_elements=["origin"]).returning(messages.c.id)


def _new_rows(plans: Iterable[Plan], now: datetime) -> list[tuple[Plain, ...]]:
    at = instant_text(now)
    return [_new_row(plan, item, at) for plan in plans for item in plan.messages]


def _new_row(plan: Plan, planned: PlannedMessage, now: str) -> tuple[Plain, ...]:
    if planned.status not in REPLANNABLE:
        raise ValueError("a message begins as scheduled, or with the reason why it is not sent")
    visit, due_at, brake = plan.appointment, instant_text(planned.due_at), brake_of(planned)
    return (
        origin_of(visit.id, planned.step, planned.channel, planned.occurrence),
        visit.clinic,
        visit.patient_id,
        visit.id,
        planned.step,
        planned.channel.value,
        planned.occurrence,
        planned.purpose.value,
        planned.status.value,
        instant_text(planned.planned_at),
        due_at,
        due_at,
        instant_text(planned.useful_until),
        planned.if_late.value,
        planned.ask,
        _channels(planned.fallback),
        dump_reasons(planned.reasons),
        plan.protocol_digest,
        brake.value if brake else None,
        now,
        now,
    )


@lru_cache(maxsize=64)
def _channels(fallback: tuple[Channel, ...]) -> str:
    return json.dumps(fallback)
