"""Texts of staff go to the address that the patient has when they go; only an answer to a number stays with it."""

from scheduler.domain.states import Status
from scheduler.services.correcting import correct
from scheduler.services.intake import Details
from scheduler.store.messages import get_message
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import EMAIL, MAIL, PHONE, House, after
from tests.services.test_desk_messages import MORNING, SOON
from tests.services.test_replies import AT_NIGHT, asked
from tests.services.texting import Text
from tests.services.writing import answer_by_hand, write_by_hand

NEW_PHONE, NEW_MAIL = "+14165550177", "new@patients.example"


def correct_addresses(house: House, appointment: int) -> None:
    known = house.patient(appointment)
    details = Details(known.name, NEW_PHONE, NEW_MAIL, known.language, known.timezone)
    with house.store.write() as tx:
        correct(tx, house.configuration, known.id, details, now=house.clock.now(), by="user:anna")


def test_an_answer_by_email_to_a_text_goes_to_the_email_of_now(any_live: House, smtp: SmtpServer) -> None:
    appointment = asked(any_live)
    any_live.clock.move_to(AT_NIGHT)
    reply = Text("May I swim?").send(any_live).id
    written = answer_by_hand(any_live, reply, "In two days.", channel=EMAIL)
    correct_addresses(any_live, appointment)
    before = len(smtp.delivered_to(MAIL))
    any_live.dispatch(MORNING)
    assert (len(smtp.delivered_to(NEW_MAIL)), len(smtp.delivered_to(MAIL))) == (1, before)
    with any_live.store.read() as tx:
        assert get_message(tx, written.message.id).status is Status.ACCEPTED


def test_an_answer_to_a_number_stays_with_the_number_that_wrote(any_live: House, twilio: TwilioServer) -> None:
    appointment = asked(any_live)
    any_live.clock.move_to(AT_NIGHT)
    reply = Text("May I swim?").send(any_live).id
    answer_by_hand(any_live, reply, "In two days.")
    correct_addresses(any_live, appointment)
    any_live.dispatch(MORNING)
    assert [it.to for it in twilio.taken if it.body.startswith("In two days.")] == [PHONE]


def test_an_address_corrected_between_deciding_and_handing_over_is_the_one_that_counts(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register(treatment="laser")
    any_live.clock.move_to(SOON)
    write_by_hand(any_live, any_live.patient(appointment).id, "We found your scarf.")
    prepared = any_live.decide("engine", any_live.claim("engine"))
    assert prepared.letters
    correct_addresses(any_live, appointment)
    assert any_live.dispatcher("engine").sender().begin(prepared.letters) == []
    any_live.dispatch(after(SOON, minutes=2))
    assert [it.to for it in twilio.taken if "scarf" in it.body] == [NEW_PHONE]
