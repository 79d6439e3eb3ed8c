"""A text of staff that waits is no step: what is planned for the same patient goes on beside it."""

from scheduler.domain.brakes import Scope
from scheduler.domain.protocol import Purpose
from scheduler.domain.states import Status
from scheduler.services.sending_now import send_now
from scheduler.store.messages import get_message
from tests.services.house import EMAIL, PREPARE, SMS, House, after
from tests.services.test_pausing import stop
from tests.services.writing import write_by_hand


def test_a_step_goes_out_while_a_text_of_staff_to_the_same_patient_waits(any_house: House) -> None:
    appointment = any_house.register()
    any_house.clock.move_to(after(PREPARE, hours=-1))
    stop(any_house, Scope("north", SMS))
    written = write_by_hand(any_house, any_house.patient(appointment).id, "We found your scarf.")
    any_house.dispatch(after(PREPARE, minutes=-50))
    any_house.dispatch(PREPARE)
    assert any_house.message(appointment, "prepare", EMAIL).status is Status.ACCEPTED
    with any_house.store.read() as tx:
        assert get_message(tx, written.message.id).status is Status.SCHEDULED


def test_a_step_is_sent_now_while_a_text_of_staff_to_the_same_patient_waits(house: House) -> None:
    appointment = house.register()
    house.clock.move_to(after(PREPARE, hours=-2))
    stop(house, Scope("north", SMS))
    write_by_hand(house, house.patient(appointment).id, "We found your scarf.")
    step = house.message(appointment, "prepare", EMAIL)
    assert step.purpose is Purpose.CARE
    with house.store.write() as tx:
        now = house.clock.now()
        assert send_now(tx, house.configuration, step.id, approver=None, now=now, by="user:anna").at == now
