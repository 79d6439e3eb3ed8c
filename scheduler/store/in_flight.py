"""Visits that go by older versions of their protocols, a page at a time, with what an edit may change of them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus, Reach
from scheduler.domain.states import REPLANNABLE, UNSENT, Status
from scheduler.store.appointments import StoredAppointment, read_pins, read_raw_appointment
from scheduler.store.batches import among, where_each
from scheduler.store.columns import reads_words
from scheduler.store.database import Tx
from scheduler.store.erasure_tables import is_kept
from scheduler.store.fetching import fetch, raw
from scheduler.store.messages import Message
from scheduler.store.patients import Traits
from scheduler.store.plan_tables import versions
from scheduler.store.reading import read_raw_message
from scheduler.store.tables import appointments, attempts, messages, patients

_ON = (AppointmentStatus.BOOKED, AppointmentStatus.COMPLETED)
_read_status = reads_words(Status)
_VISIT = raw([it for it in appointments.c if it.name not in ("created_at", "updated_at")])
_REACH = (
    patients.c.phone_hash.is_not(None).label("has_phone"),
    patients.c.email_hash.is_not(None).label("has_email"),
    patients.c.timezone.label("zone"),
    patients.c.language.label("speaks"),
    patients.c.ref_hash,
    patients.c.name_hash,
    patients.c.phone_hash,
    patients.c.email_hash,
)
_MESSAGE = raw(messages.c)


@dataclass(frozen=True, slots=True)
class Group:
    """How many visits of a clinic and treatment go by one version, with the same pins."""

    clinic: str
    treatment: str
    digest: str
    pins: Mapping[str, str]
    count: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Which visits are meant: by the versions that they go by, since when they are, of which clinic or treatment."""

    digests: Collection[str]
    since: datetime
    clinic: str | None = None
    treatment: str | None = None


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit with what planning needs of its patient, who is not opened."""

    appointment: StoredAppointment
    reach: Reach
    language: str | None
    traits: Traits


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages of a visit are still to come, and how many a provider has, had or may have."""

    unsent: int = 0
    sent: int = 0


def known_versions(tx: Tx) -> Sequence[str]:
    """Return the digests of all versions that are kept."""
    return list(tx.connection.execute(sa.select(versions.c.digest).order_by(versions.c.digest)).scalars())


def groups_in_flight(tx: Tx, choice: Choice) -> Sequence[Group]:
    """Count the visits that are meant and were not called off, by what they go by."""
    columns = (appointments.c.clinic, appointments.c.treatment, appointments.c.protocol_digest, appointments.c.pins)
    found = sa.select(*columns, sa.func.count().label("number")).where(*_meant(tx, choice)).group_by(*columns)
    rows = tx.connection.execute(found.order_by(*columns))
    return [Group(it.clinic, it.treatment, it.protocol_digest, read_pins(it.pins), it.number) for it in rows]


def groups_apart(tx: Tx, choice: Choice, treatments: Collection[str]) -> Sequence[Group]:
    """Count the visits with something still to come that have pins, or whose treatment is none of these.

    Whatever version they go by: the choice's digests do not count.
    """
    columns = (appointments.c.clinic, appointments.c.treatment, appointments.c.protocol_digest, appointments.c.pins)
    coming = sa.exists().where(messages.c.appointment_id == appointments.c.id, messages.c.status.in_(UNSENT))
    apart = sa.or_(appointments.c.pins.is_not(None), appointments.c.treatment.not_in(sorted(treatments)))
    found = sa.select(*columns, sa.func.count().label("number")).where(apart, *_in_flight(choice), coming)
    rows = tx.connection.execute(found.group_by(*columns).order_by(*columns))
    return [Group(it.clinic, it.treatment, it.protocol_digest or "", read_pins(it.pins), it.number) for it in rows]


def count_in_flight(tx: Tx, *, since: datetime) -> Mapping[tuple[str, str], int]:
    """Count the visits since then that were not called off, by clinic and treatment; those of the erased are none."""
    columns = (appointments.c.clinic, appointments.c.treatment)
    meant = (appointments.c.starts_at >= since, appointments.c.status.in_(_ON), is_kept(appointments.c.patient_id))
    found = sa.select(*columns, sa.func.count()).where(*meant).group_by(*columns)
    return {(clinic, treatment): number for clinic, treatment, number in tx.connection.execute(found)}


def visits_in_flight(tx: Tx, choice: Choice, *, above: int, limit: int) -> Sequence[VisitRow]:
    """Return the next visits that are meant, by id, from the first above that one on."""
    ids = sa.select(appointments.c.id).where(appointments.c.id > above, *_meant(tx, choice))
    return visits_of(tx, list(tx.connection.execute(ids.order_by(appointments.c.id).limit(limit)).scalars()))


def visits_of(tx: Tx, ids: Collection[int]) -> Sequence[VisitRow]:
    """Return these visits that were not called off, by id; those of erased patients are none."""
    on = appointments.c.status.in_(_ON), is_kept(appointments.c.patient_id)
    found = _visits().where(among(tx, appointments.c.id, ids), *on)
    return [_visit_row(row) for row in fetch(tx, found.order_by(appointments.c.id))]


def messages_of_steps(
    tx: Tx, visits: Collection[int], steps: Collection[str]
) -> Mapping[int, Sequence[tuple[Message, bool]]]:
    """Return those steps' messages of visits, by visit and in the order of their ids.

    With each, whether nobody knows how its last hand-over ended.
    """
    these = where_each(tx, messages.c.id, messages.c.appointment_id, visits, messages.c.step.in_(sorted(steps)))
    rows = fetch(tx, sa.select(*_MESSAGE).where(messages.c.id.in_(these)).order_by(messages.c.id))
    found = [read_raw_message(row) for row in rows]
    doubted = _doubted(tx, {it.attempt for it in found if it.attempt})
    by_visit: dict[int, list[tuple[Message, bool]]] = defaultdict(list)
    for message in found:
        by_visit[message.of_visit].append((message, message.attempt in doubted))
    return by_visit


def _doubted(tx: Tx, tokens: Collection[str]) -> frozenset[str]:
    """Return those of some hand-overs of which nobody knows how they ended."""
    if not tokens:
        return frozenset()
    open_ended = sa.or_(attempts.c.outcome.is_(None), attempts.c.outcome == Status.UNKNOWN)
    found = sa.select(attempts.c.token).where(among(tx, attempts.c.token, tokens), open_ended)
    return frozenset(tx.connection.execute(found).scalars())


def hold_messages(tx: Tx, visits: Collection[int]) -> None:
    """Hold all messages of visits until the commit: nobody claims or moves them. The visits are held already."""
    if visits and tx.dialect == "postgresql":
        found = sa.select(messages.c.id).where(among(tx, messages.c.appointment_id, visits)).order_by(messages.c.id)
        tx.connection.execute(found.with_for_update(key_share=True))


def counts_of(tx: Tx, visits: Collection[int]) -> Mapping[int, Counts]:
    """Count the messages of visits, by visit; one without any is left out."""
    columns = (messages.c.appointment_id, messages.c.status)
    found = (
        sa.select(*columns, sa.func.count()).where(among(tx, messages.c.appointment_id, visits)).group_by(*columns)
    )
    unsent, sent = Counter[int](), Counter[int]()
    for visit, status, number in tx.connection.execute(found):
        if status in UNSENT:
            unsent[visit] += number
        elif status not in REPLANNABLE:
            sent[visit] += number
    return {visit: Counts(unsent[visit], sent[visit]) for visit in unsent.keys() | sent.keys()}


def _visits() -> sa.Select[Any]:
    return sa.select(*_VISIT, *_REACH).join(patients, patients.c.id == appointments.c.patient_id)


def _meant(tx: Tx, choice: Choice) -> list[sa.ColumnElement[bool]]:
    return [among(tx, appointments.c.protocol_digest, choice.digests), *_in_flight(choice)]


def _in_flight(choice: Choice) -> list[sa.ColumnElement[bool]]:
    meant = [
        appointments.c.status.in_(_ON),
        appointments.c.starts_at >= choice.since,
        is_kept(appointments.c.patient_id),
    ]
    if choice.clinic:
        meant.append(appointments.c.clinic == choice.clinic)
    if choice.treatment:
        meant.append(appointments.c.treatment == choice.treatment)
    return meant


def _visit_row(row: Any) -> VisitRow:
    visit = read_raw_appointment(row)
    zone = ZoneInfo(row.zone) if row.zone else None
    traits = Traits(row.ref_hash, row.name_hash, row.phone_hash, row.email_hash)
    return VisitRow(visit, Reach(bool(row.has_phone), bool(row.has_email), zone), row.speaks, traits)
