"""Appointments, plans and due messages that the store's tests begin with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Status
from scheduler.store.appointments import StoredAppointment, add_appointments
from scheduler.store.attempts import Start
from scheduler.store.bulk import reserve
from scheduler.store.claims import begin, claim_due
from scheduler.store.database import Store, Tx
from scheduler.store.known import Wanted, look_up
from scheduler.store.messages import Message, get_message
from scheduler.store.patients import Patient, add_patients, described, traits_of
from scheduler.store.plans import add_planned

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
DIGEST = "d" * 64
WHY = (because("after", span="2d"),)


@dataclass(frozen=True)
class Person:
    name: str = "Zoë Lachance"
    phone: str | None = "+14165550123"
    email: str | None = "zoe.lachance@patients.example"
    ref: str | None = None


ZOE = Person()


@dataclass
class Numbers:
    """Tokens that differ."""

    last: int = field(default=0)

    def token(self) -> str:
        self.last += 1
        return f"token-{self.last}"


def planned(
    step: str = "redness_check",
    *,
    due_at: datetime = NOW,
    channel: Channel = Channel.SMS,
    occurrence: int = 1,
    useful_for: timedelta = timedelta(days=1),
    status: Status = Status.SCHEDULED,
    ask: str | None = None,
    fallback: tuple[Channel, ...] = (),
    reasons: tuple[Reason, ...] = WHY,
) -> PlannedMessage:
    return PlannedMessage(
        step=step,
        channel=channel,
        occurrence=occurrence,
        purpose=Purpose.CARE,
        planned_at=due_at,
        due_at=due_at,
        useful_until=due_at + useful_for,
        if_late=IfLate.COLLAPSE,
        ask=ask,
        fallback=fallback,
        status=status,
        reasons=reasons,
    )


def a_patient(tx: Tx, person: Person = ZOE, *, clinic: str = "lumiere") -> Patient:
    (number,) = reserve(tx, "patients", 1)
    patient = Patient(number, clinic, person.ref, person.name, person.phone, person.email, "fr", None)
    add_patients(tx, [described(tx.vault, patient)], now=NOW)
    return patient


def find(tx: Tx, person: Person, *, clinic: str = "lumiere") -> Patient | None:
    traits = traits_of(tx.vault, ref=person.ref, name=person.name, phone=person.phone, email=person.email)
    found = look_up(tx, clinic, [Wanted(traits, None, NOW)]).people.find(traits)
    return found.patient if found else None


def an_appointment(
    tx: Tx, patient: Patient, *, starts_at: datetime = NOW - timedelta(days=2), external_id: str | None = None
) -> StoredAppointment:
    (number,) = reserve(tx, "appointments", 1)
    booked = AppointmentStatus.BOOKED
    visit = StoredAppointment(
        number, patient.clinic, patient.id, external_id, "microneedling", starts_at, None, booked
    )
    add_appointments(tx, [visit], now=NOW - timedelta(days=3), by="test")
    return visit


def registered(store: Store, plan: Sequence[PlannedMessage], person: Person = ZOE) -> list[int]:
    """Register an appointment with that plan; return its messages' ids."""
    with store.write() as tx:
        appointment = an_appointment(tx, a_patient(tx, person))
        return add_planned(tx, appointment, plan, protocol_digest=DIGEST, now=NOW)


def many_due(store: Store, count: int) -> list[int]:
    """Register one appointment with so many messages, due a second apart, all in the past."""
    steps = [planned(f"step_{n}", due_at=NOW - timedelta(seconds=count - n)) for n in range(count)]
    return registered(store, steps)


def claimed(store: Store, *, owner: str = "alice", now: datetime = NOW, limit: int = 1000) -> list[int]:
    with store.write() as tx:
        return claim_due(tx, now=now, limit=limit, lease=LEASE, owner=owner)


def start(
    message_id: int, token: str = "token-1", *, body: str = "Bonjour Zoë", header_id: str | None = None
) -> Start:
    return Start(
        message_id=message_id,
        token=token,
        channel=Channel.SMS,
        address="+14165550123",
        body=body,
        language="fr",
        template_digest="t" * 64,
        segments=1,
        header_id=header_id,
    )


def begun(store: Store, ids: Sequence[int], *, owner: str = "alice", now: datetime = NOW) -> list[int]:
    with store.write() as tx:
        return begin(tx, [start(number, f"token-{number}") for number in ids], owner=owner, now=now)


def message(store: Store, message_id: int) -> Message:
    with store.read() as tx:
        return get_message(tx, message_id)
