"""All that is held of a patient is handed out: every text, every reply, every word."""

import io
import json
import zipfile

import pytest

from scheduler.errors import NotFoundError
from scheduler.services.exporting import as_json, export_patient, zipped
from tests.services.house import MAIL, PHONE, House
from tests.services.test_erasing import NAME, OWN_ID, WORDS, lived, rub_out


def test_everything_that_is_held_is_in_it(any_house: House) -> None:
    appointment = lived(any_house)
    with any_house.store.read() as tx:
        told = export_patient(
            tx, any_house.configuration, any_house.patient(appointment).id, now=any_house.clock.now()
        )
    text = as_json(told)
    for held in (NAME, PHONE, MAIL, OWN_ID, WORDS, "secret of Zoë", "Zoë asked: secret", "Zoë said: secret"):
        assert held in text, held
    assert told["patient"]["time_zone"] == "America/Toronto"
    assert json.loads(text)["made_at"].endswith("Z")


def test_its_files_are_named_by_a_number(house: House) -> None:
    appointment = house.register()
    with house.store.read() as tx:
        told = export_patient(tx, house.configuration, house.patient(appointment).id, now=house.clock.now())
    with zipfile.ZipFile(io.BytesIO(zipped(told))) as archive:
        assert archive.namelist() == ["patient-1/patient-1.json", "patient-1/patient-1.html"]
        assert archive.testzip() is None
    assert zipped(told) == zipped(told)


def test_of_an_erased_patient_bare_rows_are_left(any_house: House) -> None:
    appointment = lived(any_house)
    patient = any_house.patient(appointment).id
    rub_out(any_house, patient)
    with any_house.store.read() as tx:
        told = export_patient(tx, any_house.configuration, patient, now=any_house.clock.now())
    text = as_json(told)
    for held in (NAME, PHONE, MAIL, OWN_ID, WORDS, "secret"):
        assert held not in text, held
    assert told["patient"]["erased_at"] == any_house.clock.now()
    assert len(told["consent"]) > 0
    with any_house.store.read() as tx, pytest.raises(NotFoundError):
        export_patient(tx, any_house.configuration, 999, now=any_house.clock.now())
