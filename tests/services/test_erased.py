"""An erased patient stays out of all that plans: no edit, no word of staff or of a file brings a message back."""

import pytest
import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.states import UNSENT
from scheduler.errors import ConflictError
from scheduler.services import adjusting, resending
from scheduler.services.adjusting import Wish
from scheduler.services.adoption import adopt
from scheduler.services.appointments import complete, reschedule
from scheduler.services.planner import Planner
from scheduler.services.registration import Result
from scheduler.services.resending import Word
from scheduler.services.schedule import plan_anew
from scheduler.store.appointments import get_appointment
from scheduler.store.in_flight import count_in_flight
from scheduler.store.patients import get_patient
from scheduler.store.tables import appointments
from tests.services.house import EMAIL, VISIT, House, after
from tests.services.test_applying import apply, edit
from tests.services.test_erasing import lived, rub_out


def erased(house: House) -> int:
    """Return a visit of a patient who was erased while most was still to come."""
    appointment = lived(house)
    rub_out(house, house.patient(appointment).id)
    return appointment


def waiting(house: House, appointment: int) -> list[str]:
    return [step for (step, _), it in house.messages(appointment).items() if it.status in UNSENT]


def test_an_apply_brings_nothing_back_and_no_plan_counts_the_visit(any_house: House) -> None:
    appointment = erased(any_house)
    edits = edit(any_house)
    with any_house.store.read() as tx:
        planner, now = Planner(edits), any_house.clock.now()
        assert planner.edits(tx, now=now) == []
        assert [page.visits for page in planner.pages(tx, now=now)] == []
        assert list(planner.of(tx, [appointment], now=now)) == []
        assert count_in_flight(tx, since=after(now, days=-60)) == {}

    assert apply(any_house, edits).apply is None
    assert waiting(any_house, appointment) == []


def test_visits_without_a_version_are_not_given_one(any_house: House) -> None:
    appointment = erased(any_house)
    with any_house.store.write() as tx:
        tx.connection.execute(sa.update(appointments).values(protocol_digest=None))
    assert adopt(any_house.store, any_house.configuration, now=any_house.clock.now()) == 0
    assert any_house.appointment(appointment).protocol_digest is None


def test_what_staff_want_of_the_visit_is_refused_in_words(any_house: House) -> None:
    appointment = erased(any_house)
    now = any_house.clock.now()
    visit = any_house.appointment(appointment)
    sent = any_house.message(appointment, "prepare", EMAIL)
    with any_house.store.write() as tx:
        with pytest.raises(ConflictError, match="were erased"):
            reschedule(tx, any_house.configuration, visit, starts_at=after(VISIT, days=9), now=now, by="Ada")
        with pytest.raises(ConflictError, match="were erased"):
            complete(tx, visit, now=now, by="Ada")
        with pytest.raises(ConflictError, match="were erased"):
            adjusting.adjust(
                tx, any_house.configuration, appointment, "check", Wish(at=after(now, days=3)), now=now, by="Ada"
            )
        with pytest.raises(ConflictError, match="were erased"):
            resending.resend(tx, any_house.configuration, sent.id, Word(), now=now, by="Ada")


def test_nothing_is_written_for_the_erased_whoever_plans(any_house: House) -> None:
    """A receipt or a crashed hand-over that is taken in late plans by itself: the store has the last word."""
    appointment = erased(any_house)
    now = any_house.clock.now()
    with any_house.store.write() as tx:
        visit = get_appointment(tx, appointment)
        plan_anew(tx, any_house.configuration, visit, get_patient(tx, visit.patient_id), now=now, by="engine")

    assert waiting(any_house, appointment) == []


def test_no_file_can_name_the_visit_of_an_erased_patient(any_house: House) -> None:
    appointment = erased(any_house)
    named = any_house.appointment(appointment).external_id
    assert named

    done = any_house.enter(any_house.registration(external_id=named, starts_at="2026-05-06T10:00"), follow=True)

    assert done.result is Result.REGISTERED
    assert done.appointment != appointment
    assert any_house.appointment(appointment).status is AppointmentStatus.BOOKED
