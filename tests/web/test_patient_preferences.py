"""What a patient chooses on the own page: which messages, on which channels, in which language; or none at all."""

import pytest

from scheduler.domain.consent import Source
from scheduler.domain.protocol import PATIENT_CHANNELS, Purpose
from scheduler.services.consent import stop_address
from scheduler.store.consent_lines import ledger_lines
from scheduler.store.consents import is_stopped
from scheduler.web.pages import words_version
from tests.services.house import EMAIL, FIRST_HOURS, MAIL, PHONE, SMS, House
from tests.web.patients import Visitor, heading_of, text_of

BOTH = [f"{channel}.{purpose}" for purpose in ("care", "recall") for channel in ("sms", "email")]


@pytest.fixture
def link(any_house: House) -> str:
    return Visitor(any_house).link(any_house.register())


def ledger(house: House) -> dict[tuple[str, str], list[str]]:
    return house.ledger(1)


def ticked(html: str) -> set[str]:
    parts = html.split('name="wish" value="')[1:]
    return {part.partition('"')[0] for part in parts if part.partition(">")[0].endswith("checked")}


def stopped(house: House) -> list[bool]:
    with house.store.read() as tx:
        return [is_stopped(tx, "north", channel, address) for channel, address in ((SMS, PHONE), (EMAIL, MAIL))]


def test_the_form_shows_what_holds(any_house: House, link: str) -> None:
    page = Visitor(any_house).get(link).text
    assert ticked(page) == set(BOTH)
    assert page.count('name="wish"') == len(PATIENT_CHANNELS) * len(Purpose)


def test_saving_what_is_shown_adds_nothing_to_the_ledger(any_house: House, link: str) -> None:
    before = ledger(any_house)
    answer = Visitor(any_house).choose(link, wish=BOTH, language="en")
    assert (answer.status_code, heading_of(answer)) == (200, "Saved")
    assert ledger(any_house) == before


def test_what_is_changed_is_on_record_with_the_words_that_were_read(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    visitor.choose(link, wish=["sms.care", "email.care", "email.recall", "email.marketing"])
    assert ticked(visitor.get(link).text) == {"sms.care", "email.care", "email.recall", "email.marketing"}
    with any_house.store.read() as tx:
        lines = [it for it in ledger_lines(tx) if it.source == Source.PAGE]
    said = {(it.channel, it.purpose, it.verdict) for it in lines}
    assert said == {(SMS, Purpose.RECALL, "revoked"), (EMAIL, Purpose.MARKETING, "granted")}
    assert {(it.by, it.version) for it in lines} == {("patient:page", words_version("en"))}
    assert all("[ ] Reminders of your next session: Text message" in (it.wording or "") for it in lines)


def test_what_a_patient_does_not_want_is_not_sent(house: House) -> None:
    link = Visitor(house).link(house.register())
    Visitor(house).choose(link, wish=["email.care"])
    house.dispatch(FIRST_HOURS)
    assert house.statuses(1)["first_hours sms"] == "suppressed"


def test_the_language_is_that_of_the_page_and_of_the_messages_from_then_on(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    answer = visitor.choose(link, wish=BOTH, language="fr")
    assert heading_of(answer) == "Enregistré"
    assert any_house.patient(1).language == "fr"
    assert '<html lang="fr">' in visitor.get(link).text


@pytest.mark.parametrize("language", ["de", "es", "", "../x"])
def test_a_language_that_the_clinic_does_not_speak_changes_nothing(
    any_house: House, link: str, language: str
) -> None:
    assert Visitor(any_house).choose(link, wish=BOTH, language=language).status_code == 200
    assert any_house.patient(1).language is None


def test_a_regional_language_stays_when_it_is_not_changed(house: House) -> None:
    link = Visitor(house).link(house.register(language="fr-CA"))
    Visitor(house).choose(link, wish=BOTH, language="fr")
    assert house.patient(1).language == "fr-CA"


def test_wishes_that_do_not_exist_are_none(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    visitor.choose(link, wish=[*BOTH, "webhook.care", "sms", "sms.other", "x.y.z"])
    assert ticked(visitor.get(link).text) == set(BOTH)


def test_a_page_that_was_opened_before_a_stop_lifts_it_not_when_it_is_saved(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    old = visitor.get(link).text
    visitor.post(f"{link}/stop")
    answer = visitor.choose(link, shown=old, wish=BOTH, language="fr")
    assert stopped(any_house) == [True, True]
    assert ticked(visitor.get(link).text) == set()
    assert "veuillez nous appeler" in text_of(answer)


def test_of_an_old_page_only_what_the_patient_changed_counts(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    old = visitor.get(link).text
    visitor.choose(link, wish=["sms.care", "email.care"])
    visitor.choose(link, shown=old, wish=[*BOTH, "email.marketing"])
    assert ticked(visitor.get(link).text) == {"sms.care", "email.care", "email.marketing"}


def test_what_an_old_page_takes_back_stays_back_after_a_start(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    visitor.post(f"{link}/stop")
    old = visitor.get(link).text
    visitor.choose(link, wish=["email.care"])
    visitor.choose(link, shown=old, wish=["sms.care"])
    assert ticked(visitor.get(link).text) == {"sms.care", "email.care"}


def test_a_form_that_does_not_say_what_it_showed_changes_nothing(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    visitor.post(f"{link}/stop")
    before = ledger(any_house)
    answer = visitor.post(f"{link}/preferences", wish=BOTH, language="fr")
    assert (answer.status_code, heading_of(answer)) == (200, "Your aftercare")
    assert (stopped(any_house), ledger(any_house), any_house.patient(1).language) == ([True, True], before, None)


def test_stop_all_stops_both_addresses_and_says_so(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    answer = visitor.post(f"{link}/stop")
    assert (answer.status_code, heading_of(answer)) == (200, "Messages are stopped")
    assert stopped(any_house) == [True, True]
    page = visitor.get(link)
    assert ticked(page.text) == set()
    assert "All messages from North to you are stopped." in text_of(page)
    assert f'{link}/stop"' not in page.text


def test_after_a_stop_saving_the_language_alone_lets_nothing_go_again(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    visitor.post(f"{link}/stop")
    visitor.choose(link, language="fr")
    assert stopped(any_house) == [True, True]


def test_what_is_ticked_after_a_stop_comes_again(any_house: House, link: str) -> None:
    visitor = Visitor(any_house)
    visitor.post(f"{link}/stop")
    visitor.choose(link, wish=["email.care"], language="en")
    assert stopped(any_house) == [True, False]
    assert ticked(visitor.get(link).text) == {"email.care"}


def test_texts_to_a_number_that_is_somebody_elses_stay_stopped_and_the_page_says_so(
    any_house: House, link: str
) -> None:
    with any_house.store.write() as tx:
        now = any_house.clock.now()
        stop_address(tx, "north", SMS, PHONE, source=Source.WRONG_NUMBER, by="test", now=now)
    visitor = Visitor(any_house)
    answer = visitor.choose(link, wish=BOTH, language="en")
    assert "please call us" in text_of(answer)
    assert stopped(any_house) == [True, False]


def test_only_channels_with_an_address_are_offered(house: House) -> None:
    visitor = Visitor(house)
    page = visitor.get(visitor.link(house.register(email="")))
    assert 'value="sms.care"' in page.text
    assert 'value="email.care"' not in page.text
