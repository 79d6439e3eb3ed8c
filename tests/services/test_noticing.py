"""Notices whose text or sender is broken: staff are told all the same, and nothing else is held up."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.domain.states import Status
from scheduler.store.attempts import attempts_of
from scheduler.store.messages import Message, get_message
from scheduler.store.tables import messages
from tests.services.house import FIRST_HOURS, House
from tests.services.on_call import ALICE, raise_, with_on_call


@pytest.fixture
def ward(house: House) -> House:
    house.configuration = with_on_call(ALICE)
    return house


def rings(house: House) -> list[Message]:
    with house.store.read() as tx:
        found = tx.connection.execute(messages.select().where(messages.c.kind == "alert").order_by(messages.c.id))
        return [get_message(tx, row.id) for row in found]


def bodies(house: House) -> list[str]:
    with house.store.read() as tx:
        return [attempt.body for ring in rings(house) for attempt in attempts_of(tx, ring.id)]


@pytest.mark.parametrize("text", ["{{ oops }}", "", "{% if %}", None])
def test_a_broken_text_of_an_alert_keeps_nobody_from_being_told(
    ward: House, tmp_path: Path, text: str | None
) -> None:
    ward.texts_dir = shutil.copytree(ward.texts_dir, tmp_path / "texts")
    for file in ward.texts_dir.glob("*/alert_*/*"):
        file.unlink()
        if text is not None:
            file.write_text(text, encoding="utf-8")
    ward.register()
    ward.clock.move_to(FIRST_HOURS)
    raise_(ward)
    assert ward.dispatch(FIRST_HOURS)["alerts"] == 2
    told = bodies(ward)
    assert len(told) == 2
    assert all("an alert needs a person (urgent)" in body and "/a/" in body for body in told)


def test_a_ring_whose_clinic_lost_its_sender_holds_up_no_other_message(ward: House) -> None:
    visit = ward.register()
    ward.clock.move_to(FIRST_HOURS)
    raise_(ward)
    clinics = dict(ward.configuration.clinics)
    lost = replace(clinics["north"], email=None)
    ward.configuration = replace(ward.configuration, clinics={**clinics, "north": lost})
    ward.dispatch(FIRST_HOURS)
    by_channel = {ring.channel.value: ring for ring in rings(ward)}
    assert by_channel["sms"].status is Status.ACCEPTED
    waiting = by_channel.get("email")
    assert waiting is None or (waiting.status, waiting.reasons[-1].code) == (Status.SCHEDULED, "no_sender")
    assert ward.message(visit, "first_hours").status is Status.ACCEPTED
