"""For a visit that is still to come, the changes of an edit lead to the very plan that the new version has."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduler.domain.appointment import Appointment, AppointmentStatus
from scheduler.domain.notice import MessageKind
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.planning import plan
from scheduler.domain.protocol import Channel, Protocol
from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration, Instance
from scheduler.protocols.digest import digest_of
from scheduler.services.changes import ChangeKind, InFlight
from scheduler.services.comparing import changes_of
from scheduler.services.switching import Switches
from scheduler.store.appointments import StoredAppointment
from scheduler.store.messages import Message
from tests.domain.samples import LATE_AFTER, LONG_AGO, REACH, SPACING, clinic, protocol, step
from tests.domain.test_planning import timings

STARTS = datetime(2026, 5, 6, 14, tzinfo=UTC)
CLINIC = clinic()
NOW = STARTS - timedelta(days=400)
channels = st.sampled_from([(Channel.SMS,), (Channel.EMAIL,), (Channel.SMS, Channel.EMAIL)])
steps = st.tuples(st.sampled_from("abcd"), timings, channels, st.booleans(), st.sampled_from([None, "9d"]))


@st.composite
def protocols(draw: st.DrawFn) -> Protocol:
    drawn = draw(st.lists(steps, unique_by=lambda it: it[0], min_size=1))
    made = protocol(
        *(
            step(when, name, channels=ways, first_of=one, useful_for=useful)
            for name, when, ways, one, useful in drawn
        ),
        duration=draw(st.sampled_from(["60m", "90m"])),
    )
    return Protocol(made.treatment, made.title, made.duration, made.steps, digest_of(made))


def planned(version: Protocol) -> list[PlannedMessage]:
    appointment = Appointment(STARTS)
    found = plan(version, CLINIC, appointment, REACH, now=LONG_AGO, late_after=LATE_AFTER, late_spacing=SPACING)
    assume(all(it.status is Status.SCHEDULED for it in found))
    return list(found)


def stored(number: int, it: PlannedMessage) -> Message:
    return Message(
        id=number,
        origin=f"1/{it.step}/{it.channel}/1",
        clinic=CLINIC.id,
        patient_id=1,
        appointment_id=1,
        step=it.step,
        channel=it.channel,
        occurrence=it.occurrence,
        purpose=it.purpose,
        status=it.status,
        planned_at=it.planned_at,
        due_at=it.due_at,
        try_at=it.due_at,
        useful_until=it.useful_until,
        if_late=it.if_late,
        ask=it.ask,
        fallback=it.fallback,
        reasons=it.reasons,
        tries=0,
        **dict.fromkeys(("lease_until", "claimed_by", "attempt", "protocol_digest", "template_digest")),
        **dict.fromkeys(("language", "segments", "header_id", "provider_id")),
        created_at=NOW,
        updated_at=NOW,
        kind=MessageKind.STEP,
    )


def meaning(it: PlannedMessage | Message) -> tuple[object, ...]:
    return it.step, it.channel, it.occurrence, it.planned_at, it.due_at, it.useful_until, it.fallback


@settings(max_examples=50)
@given(protocols(), protocols())
def test_changes_lead_from_the_plan_of_one_version_to_that_of_the_other(old: Protocol, new: Protocol) -> None:
    appointment = StoredAppointment(
        1, CLINIC.id, 1, None, new.treatment, STARTS, None, AppointmentStatus.BOOKED, protocol_digest=old.digest
    )
    there = [stored(number, it) for number, it in enumerate(planned(old), 1)]
    configuration = Configuration(Instance(), {CLINIC.id: CLINIC}, {new.treatment: new})
    switch = Switches(configuration, {old.digest: old}).of(appointment)
    assume(switch is not None)
    assert switch
    edited = tuple(it for it in there if it.step in switch.follows)
    visit = InFlight(appointment, REACH, "en", edited, {}, unsent=len(there), sent=0)
    found = changes_of(visit, switch, configuration, now=NOW)

    left = {it.id: meaning(it) for it in there}
    added = []
    for change in found.changes:
        if change.message is None:
            assert change.kind is ChangeKind.ADDED
            assert change.planned
            added.append(meaning(change.planned))
        elif change.planned is None:
            assert change.kind is ChangeKind.DROPPED
            del left[change.message.id]
        else:
            assert (change.kind is ChangeKind.MOVED) == (change.from_at != change.to_at)
            left[change.message.id] = meaning(change.planned)
    assert sorted([*left.values(), *added], key=repr) == sorted(map(meaning, planned(new)), key=repr)
    touched = sum(change.message is not None for change in found.changes)
    assert found.unchanged == len(there) - touched
