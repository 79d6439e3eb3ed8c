"""The consent matrix: purpose, channel and what the ledger says, and whether a message goes out, with its sentence.

Each state is made through the services that make it in life. Then `domain.decide` is asked, and the engine's own pass
in rehearsal sends what may go.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from scheduler.domain.appointment import Appointment, AppointmentStatus
from scheduler.domain.consent import Source, Verdict, consent_for
from scheduler.domain.decision import decide
from scheduler.domain.hours import sending_hours
from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.reasons import sentence
from scheduler.domain.situation import Kind, Pending, Situation
from scheduler.domain.states import Status
from scheduler.protocols.loader import load
from scheduler.services import consent
from scheduler.services.dead_address import give_up
from scheduler.store.appointments import get_appointment
from scheduler.store.consents import ledgers_of, stop_in_force
from scheduler.store.database import Tx
from scheduler.store.patients import get_patient
from scheduler.store.tables import appointments, messages
from tests.services.house import CONFIG, EMAIL, SMS, VISIT, House, after
from tests.store.samples import Person, a_patient

CARE, RECALL, MARKETING = Purpose
TORONTO = ZoneInfo("America/Toronto")
DUE = after(VISIT, days=1)
SENT = "sent"
REFUSED = "The patient did not agree to {purpose} messages by {channel}."
UNKNOWN = "Consent to {purpose} messages by {channel} is not known, which this clinic takes as no."
STOPPED = "The patient stopped messages to this {address}."
GONE = "This {address} does not exist any more, and nothing is sent to it."
NOT_THEIRS = "Somebody else has this {address}, and nothing is sent to it until staff correct it."
SHOWN = {SMS: ("SMS", "phone number"), EMAIL: ("email", "email address")}

PROTOCOL = """\
protocol: matrix
title: {en: Matrix, fr: Matrix, es: Matrix}
steps:
  - {id: care, after: 1d, at: "10:00", template: next_day, channels: [sms, email]}
  - {id: recall, after: 1d, at: "10:00", template: next_day, channels: [sms, email], purpose: recall}
  - {id: marketing, after: 1d, at: "10:00", template: next_day, channels: [sms, email], purpose: marketing}
"""


@dataclass
class Case:
    """A patient of a house, and one of the channels: what is said is said on that."""

    house: House
    number: int
    channel: Channel
    more: dict[str, str]
    appointment: int = 0

    def register(self, answer: str = "unknown", marketing: str = "unknown", **more: str) -> None:
        said = {"consent_sms": answer, "consent_email": answer, "consent_marketing": marketing}
        found = self.house.register(treatment="matrix", **{**self.more, **said, **more})
        self.appointment = self.appointment or found

    def register_again(self, answer: str = "yes", marketing: str = "yes") -> None:
        """Register a later visit: the booking system says once more what it knows."""
        self.register(answer, marketing, starts_at=after(VISIT, days=90, hours=self.number).isoformat())

    @property
    def patient_id(self) -> int:
        return self.house.patient(self.appointment).id

    @property
    def address(self) -> str:
        return self.more["phone" if self.channel is SMS else "email"]

    def stop(self, clinic: str = "north", channel: Channel | None = None) -> None:
        where = channel or self.channel
        address = self.more["phone" if where is SMS else "email"]
        self.write(
            lambda tx, now: consent.stop_address(
                tx, clinic, where, address, source=Source.REPLY, by="patient", now=now, wording="STOP"
            )
        )

    def start(self) -> None:
        self.write(
            lambda tx, now: consent.start_address(
                tx, "north", self.channel, self.address, source=Source.REPLY, by="patient", now=now
            )
        )

    def say(self, verdict: Verdict, *purposes: Purpose) -> None:
        self.write(
            lambda tx, now: consent.say(
                tx, self.patient_id, verdict, [self.channel], purposes or tuple(Purpose), by="Ann", now=now
            )
        )

    def wish(self, purpose: Purpose, wish: bool) -> None:
        wishes = {(self.channel, purpose): wish}
        self.write(
            lambda tx, now: consent.set_preferences(
                tx, self.patient_id, wishes, source=Source.PAGE, by="patient", now=now
            )
        )

    def give_up(self) -> None:
        self.write(
            lambda tx, now: give_up(
                tx, self.house.configuration, "north", self.channel, self.address, by="test", now=now
            )
        )

    def wrong_number(self) -> None:
        self.write(lambda tx, now: consent.wrong_number(tx, "north", self.more["phone"], by="test", now=now))

    def write(self, how: Callable[[Tx, datetime], object]) -> None:
        self.house.clock.move_to(after(self.house.clock.now(), seconds=1))
        with self.house.store.write() as tx:
            how(tx, self.house.clock.now())


def nothing(case: Case) -> None:
    """Leave a patient of whom the ledger has no line."""
    case.register()
    with case.house.store.write() as tx:
        nobody = a_patient(tx, Person("Nobody", case.more["phone"], case.more["email"]), clinic="north")
        for table, column in ((appointments, appointments.c.id), (messages, messages.c.appointment_id)):
            tx.connection.execute(sa.update(table).where(column == case.appointment).values(patient_id=nobody.id))


def revoked_then_registered_yes(case: Case) -> None:
    case.register("yes", "yes")
    case.say(Verdict.REVOKED)
    case.register_again()


def granted_then_revoked(case: Case) -> None:
    case.register("yes", "yes")
    case.say(Verdict.REVOKED)


def revoked_then_granted(case: Case) -> None:
    case.register("no", "no")
    case.say(Verdict.REVOKED)
    case.say(Verdict.GRANTED)


def no_then_yes(case: Case) -> None:
    case.register("no", "no")
    case.register_again()


def yes_then_no(case: Case) -> None:
    case.register("yes", "yes")
    case.register_again("no", "no")


def yes_then_unknown(case: Case) -> None:
    case.register("yes", "yes")
    case.register_again("unknown", "unknown")


def stopped(case: Case) -> None:
    case.register("yes", "yes")
    case.stop()


def stopped_then_registered_yes(case: Case) -> None:
    stopped(case)
    case.register_again()


def stopped_before_registered(case: Case) -> None:
    case.stop()
    case.register("yes", "yes")


def stopped_then_granted_by_staff(case: Case) -> None:
    stopped(case)
    case.say(Verdict.GRANTED)


def stopped_then_lifted(case: Case) -> None:
    case.register("yes")
    case.stop()
    case.start()


def stopped_then_lifted_with_marketing(case: Case) -> None:
    stopped(case)
    case.start()


def stopped_again(case: Case) -> None:
    stopped(case)
    case.start()
    case.stop()


def stopped_by_who_shares_it(case: Case) -> None:
    case.register("yes", "yes")
    other = Case(case.house, case.number, case.channel, {**case.more, "name": "Somebody Else"})
    other.register("yes", "yes", starts_at=after(VISIT, days=90).isoformat())
    other.stop()


def lifted_by_the_page_of_who_shares_it(case: Case) -> None:
    case.register("yes", "yes")
    other = Case(case.house, case.number, case.channel, {**case.more, "name": "Somebody Else"})
    other.register("yes", "yes", starts_at=after(VISIT, days=90).isoformat())
    other.stop()
    other.wish(CARE, wish=True)


def one_purpose_off(case: Case) -> None:
    case.register("yes", "yes")
    case.wish(RECALL, wish=False)


def marketing_on(case: Case) -> None:
    case.register()
    case.wish(MARKETING, wish=True)


def stopped_elsewhere(case: Case) -> None:
    case.register("yes", "yes")
    case.stop(clinic="south")


def stopped_on_the_other_channel(case: Case) -> None:
    case.register("yes", "yes")
    case.stop(channel=EMAIL if case.channel is SMS else SMS)


def dead(case: Case) -> None:
    case.register("yes", "yes")
    case.give_up()


def wrong_number(case: Case) -> None:
    case.register("yes", "yes")
    case.wrong_number()


def corrected_number(case: Case) -> None:
    case.register("yes", "yes", external_id=f"M-{case.number}-{case.channel}")
    case.wrong_number()
    corrected = {
        **case.more,
        "phone": f"+1416555{7000 + case.number}",
        "external_id": f"M-{case.number}-{case.channel}",
    }
    registration = case.house.registration(treatment="matrix", **corrected)
    case.house.enter(registration, follow=True)


ONLY_SMS = (wrong_number, corrected_number)

MATRIX: Mapping[Callable[[Case], None], tuple[str, str, str]] = {
    # what was said: care, recall, marketing
    nothing: (SENT, SENT, UNKNOWN),
    lambda case: case.register(): (SENT, SENT, UNKNOWN),
    lambda case: case.register("yes"): (SENT, SENT, UNKNOWN),
    lambda case: case.register("yes", "yes"): (SENT, SENT, SENT),
    lambda case: case.register("yes", "no"): (SENT, SENT, REFUSED),
    lambda case: case.register("no", "yes"): (REFUSED, REFUSED, REFUSED),
    granted_then_revoked: (REFUSED, REFUSED, REFUSED),
    revoked_then_granted: (SENT, SENT, SENT),
    revoked_then_registered_yes: (REFUSED, REFUSED, REFUSED),
    no_then_yes: (SENT, SENT, SENT),
    yes_then_no: (REFUSED, REFUSED, REFUSED),
    yes_then_unknown: (SENT, SENT, SENT),
    stopped: (STOPPED, STOPPED, STOPPED),
    stopped_then_registered_yes: (STOPPED, STOPPED, STOPPED),
    stopped_before_registered: (STOPPED, STOPPED, STOPPED),
    stopped_then_granted_by_staff: (STOPPED, STOPPED, STOPPED),
    stopped_then_lifted: (SENT, SENT, REFUSED),
    stopped_then_lifted_with_marketing: (SENT, SENT, SENT),
    stopped_again: (STOPPED, STOPPED, STOPPED),
    stopped_by_who_shares_it: (STOPPED, STOPPED, STOPPED),
    lifted_by_the_page_of_who_shares_it: (REFUSED, REFUSED, REFUSED),
    one_purpose_off: (SENT, REFUSED, SENT),
    marketing_on: (SENT, SENT, SENT),
    stopped_elsewhere: (SENT, SENT, SENT),
    stopped_on_the_other_channel: (SENT, SENT, SENT),
    dead: (GONE, GONE, GONE),
    wrong_number: (NOT_THEIRS, NOT_THEIRS, NOT_THEIRS),
    corrected_number: (SENT, SENT, SENT),
}
CASES = [(state, channel) for state in MATRIX for channel in (SMS, EMAIL) if channel is SMS or state not in ONLY_SMS]


@pytest.fixture
def played(any_house: House, tmp_path: Path) -> list[Case]:
    """Every case of the matrix, each a patient, before anything is due."""
    config = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    (config / "protocols" / "matrix.yaml").write_text(PROTOCOL)
    instance = config / "aftercare.yaml"
    instance.write_text(f"{instance.read_text()}messages_a_day: 20\n")
    any_house.configuration = load(config)
    cases = [Case(any_house, number, channel, _who(number)) for number, (_, channel) in enumerate(CASES)]
    for case, (state, _) in zip(cases, CASES, strict=True):
        state(case)
    return cases


def _who(number: int) -> dict[str, str]:
    return {
        "name": f"Patient {number}",
        "phone": f"+1416555{1000 + number}",
        "email": f"patient{number}@patients.example",
    }


def expected(state: Callable[[Case], None], channel: Channel) -> dict[Purpose, str]:
    name, address = SHOWN[channel]
    return {
        purpose: said.format(purpose=purpose.value, channel=name, address=address)
        for purpose, said in zip(Purpose, MATRIX[state], strict=True)
    }


def test_the_decision_is_that_of_the_matrix(played: list[Case]) -> None:
    for case, (state, channel) in zip(played, CASES, strict=True):
        assert {purpose: decided(case, purpose) for purpose in Purpose} == expected(state, channel), (state, channel)


def test_what_the_engine_sends_is_that_of_the_matrix(played: list[Case]) -> None:
    house = played[0].house
    house.dispatch(DUE)
    for case, (state, channel) in zip(played, CASES, strict=True):
        assert {purpose: became(case, purpose) for purpose in Purpose} == expected(state, channel), (state, channel)


def decided(case: Case, purpose: Purpose) -> str:
    """Decide a message of that purpose on what the store says of the patient now."""
    with case.house.store.read() as tx:
        patient = get_patient(tx, get_appointment(tx, case.appointment).patient_id)
        ledger = ledgers_of(tx, [patient.id])[patient.id]
        stops = {it: stop_in_force(tx, "north", it, patient.address(it) or "") for it in (SMS, EMAIL)}
    clinic = case.house.configuration.clinic("north")
    step = case.house.configuration.protocol_for("north", "matrix").step(purpose.value)
    assert step
    situation = Situation(
        Appointment(VISIT, None, AppointmentStatus.BOOKED),
        step,
        sending_hours(step, clinic, None),
        frozenset({SMS, EMAIL}),
        {
            it: consent_for(
                it,
                purpose,
                ledger,
                stopped=stop is not None,
                stop_source=stop.source if stop else "",
                when_unknown=clinic.consent_when_unknown,
            )
            for it, stop in stops.items()
        },
    )
    pending = Pending(
        1, 1, purpose.value, 1, case.channel, purpose, DUE, DUE, DUE, after(DUE, days=5), IfLate.COLLAPSE
    )
    decision = decide(pending, situation, now=DUE, late_after=case.house.configuration.instance.late_after)
    assert decision.kind in (Kind.SEND, Kind.SUPPRESS)
    return SENT if decision.kind is Kind.SEND else sentence(decision.reasons, TORONTO)


def became(case: Case, purpose: Purpose) -> str:
    message = case.house.message(case.appointment, purpose.value, case.channel)
    if message.status is Status.ACCEPTED:
        return SENT
    assert message.status is Status.SUPPRESSED
    return sentence(message.reasons[-1:], TORONTO)
