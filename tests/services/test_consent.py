"""Stops, starts, wrong numbers and wishes: the address, the ledgers of all who have it, and what is sent after."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from scheduler.domain.consent import Source, Verdict
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.states import Status
from scheduler.errors import NotFoundError
from scheduler.services import consent
from scheduler.store.consent_lines import Line, StopLine, ledger_lines, stop_lines
from scheduler.store.consents import is_stopped
from scheduler.store.database import Tx
from tests.services.house import EMAIL, FIRST_HOURS, MAIL, PHONE, SMS, VISIT, House, after

CARE, RECALL, MARKETING = Purpose
WORDS = "Arrêtez de m'écrire svp"
YES = {"consent_sms": "yes", "consent_email": "yes"}


@contextmanager
def written(house: House) -> Iterator[Tx]:
    with house.store.write() as tx:
        yield tx


def stop(house: House, channel: Channel = SMS, address: str = PHONE, source: Source = Source.REPLY) -> bool:
    with written(house) as tx:
        now = house.clock.now()
        return consent.stop_address(
            tx, "north", channel, address, source=source, by="patient", now=now, wording=WORDS, version="digest-1"
        )


def start(house: House) -> bool:
    with written(house) as tx:
        now = house.clock.now()
        return consent.start_address(
            tx, "north", SMS, PHONE, source=Source.REPLY, by="patient", now=now, wording="START"
        )


def call_wrong(house: House) -> tuple[int, ...]:
    with written(house) as tx:
        return consent.wrong_number(tx, "north", PHONE, by="reply", now=house.clock.now(), wording="Who is Zoë?")


def stopped(house: House, channel: Channel = SMS, address: str = PHONE, clinic: str = "north") -> bool:
    with house.store.read() as tx:
        return is_stopped(tx, clinic, channel, address)


def lines(house: House) -> list[Line]:
    with house.store.read() as tx:
        return list(ledger_lines(tx))


def stops(house: House) -> list[StopLine]:
    with house.store.read() as tx:
        return list(stop_lines(tx))


def latest(house: House, appointment: int, channel: Channel = SMS) -> list[str]:
    ledger = house.ledger(appointment)
    return [ledger[channel.value, purpose.value][-1] for purpose in Purpose]


def test_a_stop_is_the_address_and_a_line_for_every_purpose_of_everybody_who_has_it(any_house: House) -> None:
    zoe, ann = any_house.register(**YES), any_house.register(name="Ann Lachance", email="ann@patients.example")
    bob = any_house.register(name="Bob Roy", phone="+14165550177", email="bob@patients.example")

    assert stop(any_house)

    assert stopped(any_house)
    assert latest(any_house, zoe) == latest(any_house, ann) == ["revoked"] * 3
    assert latest(any_house, zoe, EMAIL) == ["granted", "granted", "assumed_refused"]
    assert latest(any_house, bob)[0] == "assumed_granted"


def test_who_how_when_in_which_words_and_version_is_on_record(any_house: House) -> None:
    any_house.register()
    stop(any_house)
    (line,) = [it for it in lines(any_house) if (it.verdict, it.purpose) == ("revoked", "care")]
    said = (line.by, line.source, line.at, line.wording, line.version, line.address)
    assert said == ("patient", "reply", any_house.clock.now(), WORDS, "digest-1", PHONE)
    (stop_line,) = stops(any_house)
    assert (stop_line.address, stop_line.wording, stop_line.patients) == (PHONE, WORDS, (line.patient.id,))
    assert WORDS not in repr(line) + repr(stop_line)
    assert PHONE not in repr(line) + repr(stop_line)


def test_the_same_stop_again_adds_nothing(any_house: House) -> None:
    any_house.register()
    stop(any_house)
    before = len(lines(any_house))
    assert not stop(any_house)
    assert (len(lines(any_house)), len(stops(any_house))) == (before, 1)


def test_a_stop_from_a_number_that_no_patient_has_is_kept_with_its_words(any_house: House) -> None:
    stop(any_house, address="+14165550999")
    (line,) = stops(any_house)
    assert (line.address, line.wording, line.patients) == ("+14165550999", WORDS, ())


def test_registering_again_or_under_another_name_never_lifts_a_stop(any_house: House) -> None:
    any_house.register()
    stop(any_house)
    again = any_house.register(treatment="laser", starts_at=after(VISIT, days=1).isoformat(), **YES)
    other = any_house.register(name="Zoe Lachance-Roy", starts_at=after(VISIT, days=2).isoformat(), **YES)

    assert latest(any_house, again) == ["revoked"] * 3
    assert latest(any_house, other)[0] == "granted"
    any_house.dispatch(after(VISIT, days=3))
    for appointment in (again, other):
        texts = [it for (_, channel), it in any_house.messages(appointment).items() if channel is SMS]
        assert not [it for it in texts if it.status is Status.ACCEPTED]
        assert "stopped" in {reason.code for it in texts for reason in it.reasons}


def test_a_stop_to_one_clinic_does_not_silence_another(any_house: House) -> None:
    any_house.register()
    stop(any_house)
    assert not stopped(any_house, clinic="south")


def test_a_stop_by_text_leaves_email_alone(any_house: House) -> None:
    zoe = any_house.register()
    stop(any_house)
    any_house.dispatch(after(VISIT, days=1))
    assert any_house.message(zoe, "next_day", EMAIL).status is Status.ACCEPTED
    assert "the patient stopped messages to this phone number" in any_house.why(zoe, "next_day")


def test_start_lifts_the_stop_for_everybody_who_has_the_number_and_says_so_in_each_ledger(any_house: House) -> None:
    zoe = any_house.register(consent_sms="yes", consent_marketing="yes")
    ann = any_house.register(name="Ann Lachance", email="ann@patients.example")
    stop(any_house)
    assert start(any_house)

    assert not stopped(any_house)
    assert latest(any_house, zoe) == ["granted", "granted", "granted"]
    assert latest(any_house, ann) == ["granted", "granted", "revoked"]
    assert {it.wording for it in lines(any_house) if it.source == "reply" and it.verdict == "granted"} == {"START"}
    any_house.dispatch(FIRST_HOURS)
    assert any_house.message(zoe, "first_hours").status is Status.ACCEPTED


def test_a_wrong_number_gets_no_text_and_the_patient_has_said_nothing(any_house: House) -> None:
    zoe = any_house.register()
    before = [it.id for it in lines(any_house)]

    assert call_wrong(any_house) == (any_house.patient(zoe).id,)

    assert stopped(any_house)
    assert [it.id for it in lines(any_house)] == before
    assert any_house.patient(zoe).page_epoch == 1
    any_house.dispatch(FIRST_HOURS)
    assert any_house.message(zoe, "first_hours").status is Status.SUPPRESSED


def test_texts_go_to_a_corrected_number_and_never_to_the_wrong_one(any_house: House) -> None:
    zoe = any_house.register(external_id="A-1")
    call_wrong(any_house)
    any_house.enter(any_house.registration(external_id="A-1", phone="+14165550188"), follow=True)
    assert stopped(any_house)
    any_house.dispatch(FIRST_HOURS)
    assert any_house.message(zoe, "first_hours").status is Status.ACCEPTED


@pytest.mark.parametrize("first", [True, False])
def test_whoever_has_a_wrong_number_can_stop_it_and_not_start_it(any_house: House, first: bool) -> None:
    any_house.register()
    if first:
        stop(any_house)
    call_wrong(any_house)
    stop(any_house)
    assert not start(any_house)
    assert stopped(any_house)


def test_staff_lift_whatever_stop_there_is(any_house: House) -> None:
    zoe = any_house.register()
    call_wrong(any_house)
    with written(any_house) as tx:
        patient = any_house.patient(zoe).id
        assert consent.lift_by_staff(tx, patient, SMS, by="Ann", now=any_house.clock.now())
        assert not consent.lift_by_staff(tx, patient, SMS, by="Ann", now=any_house.clock.now())
    assert not stopped(any_house)


def test_what_a_provider_calls_an_opt_out_is_in_the_ledger_too(any_house: House) -> None:
    zoe = any_house.register()
    stop(any_house, source=Source.PROVIDER)
    assert latest(any_house, zoe) == ["revoked"] * 3


def prefer(house: House, appointment: int, wishes: dict[tuple[Channel, Purpose], bool]) -> frozenset[Channel]:
    with written(house) as tx:
        return consent.set_preferences(
            tx, house.patient(appointment).id, wishes, source=Source.PAGE, by="patient", now=house.clock.now()
        )


def test_a_wish_on_the_page_is_this_patients_alone(any_house: House) -> None:
    zoe, ann = any_house.register(), any_house.register(name="Ann Lachance", email="ann@patients.example")
    assert prefer(any_house, zoe, {(SMS, CARE): False, (SMS, RECALL): True}) == frozenset()
    assert latest(any_house, zoe) == ["revoked", "assumed_granted", "assumed_refused"]
    assert latest(any_house, ann)[0] == "assumed_granted"
    assert not stopped(any_house)


def test_a_yes_on_the_page_lifts_the_stop_and_others_keep_what_their_ledgers_say(any_house: House) -> None:
    zoe, ann = any_house.register(), any_house.register(name="Ann Lachance", email="ann@patients.example")
    stop(any_house)
    assert prefer(any_house, zoe, {(SMS, CARE): True, (SMS, RECALL): False}) == frozenset()
    assert not stopped(any_house)
    assert latest(any_house, zoe) == ["granted", "revoked", "revoked"]
    assert latest(any_house, ann) == ["revoked"] * 3


def test_a_wrong_number_is_not_lifted_by_the_page_that_a_text_to_it_led_to(any_house: House) -> None:
    zoe = any_house.register()
    call_wrong(any_house)
    before = lines(any_house)
    assert prefer(any_house, zoe, {(SMS, CARE): True, (EMAIL, CARE): True}) == {SMS}
    assert stopped(any_house)
    assert lines(any_house) == before


def test_stopping_a_patient_stops_every_address_and_the_channels_that_have_none(any_house: House) -> None:
    zoe = any_house.register(phone="")
    with written(any_house) as tx:
        patient = any_house.patient(zoe).id
        consent.stop_patient(tx, patient, source=Source.PAGE, by="patient", now=any_house.clock.now())
    assert stopped(any_house, EMAIL, MAIL)
    assert latest(any_house, zoe) == latest(any_house, zoe, EMAIL) == ["revoked"] * 3


def test_a_word_to_staff_is_entered_with_who_wrote_it_down(any_house: House) -> None:
    zoe = any_house.register()
    patient, now = any_house.patient(zoe).id, any_house.clock.now()
    with written(any_house) as tx:
        said = consent.say(tx, patient, Verdict.REVOKED, [EMAIL], [RECALL], by="Ann", now=now, wording="No more")
        again = consent.say(tx, patient, Verdict.REVOKED, [EMAIL], [RECALL], by="Ann", now=now, wording="No more")
    assert (said, again) == (1, 0)
    (line,) = [it for it in lines(any_house) if it.source == "staff"]
    assert (line.by, line.wording, line.purpose, line.channel) == ("Ann", "No more", "recall", EMAIL)


def test_there_is_nothing_to_say_of_a_patient_who_is_not_there(any_house: House) -> None:
    with pytest.raises(NotFoundError), written(any_house) as tx:
        consent.say(tx, 99, Verdict.GRANTED, [SMS], [CARE], by="Ann", now=any_house.clock.now())


def test_a_stop_that_comes_twice_at_once_is_recorded_once(any_house: House) -> None:
    any_house.register()
    with ThreadPoolExecutor(4) as pool:
        new = list(pool.map(lambda _: stop(any_house), range(4)))
    assert sorted(new) == [False, False, False, True]
    assert len(stops(any_house)) == 1
    assert len([it for it in lines(any_house) if it.verdict == "revoked"]) == 3


def test_of_a_stop_and_a_start_at_once_nothing_is_sent_where_the_stop_is_in_force(any_house: House) -> None:
    zoe = any_house.register()
    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(stop, any_house), pool.submit(start, any_house)]
            assert [it.exception() for it in done] == [None, None]
        if not stopped(any_house):
            assert latest(any_house, zoe)[0] == "granted"
