"""What booking systems call a visit that is on, took place, or does not."""

from dataclasses import replace

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.arriving import our_status
from scheduler.services.status_words import status_of
from tests.services.house import configuration

NORTH = configuration().clinic("north")


@pytest.mark.parametrize(("status", "words"), [
    ("booked", "Confirmed|SCHEDULED|booked|accepted|Checked-In|confirmée|Réservé|reservada|Programado"),
    ("completed", "Completed|fulfilled|Attended|Terminée|effectué|realizada|ATENDIDO|asistio"),
    ("cancelled", "Cancelled|canceled|CANCELED|Late Cancel|late_cancelled|Cancelled by patient"),
    ("cancelled", "CANCELLED_BY_CUSTOMER|Annulé|ANNULEE|Annulée par le client|Cancelada|anulado"),
    ("no_show", "No Show|no-show|NO_SHOW|noshow|Did not attend|Non présentée|ne s'est pas présenté"),
    ("no_show", "No asistió|no se presento|NO ACUDIÓ"),
])  # fmt: skip
def test_common_words_are_known_whatever_their_case_accents_and_spacing(status: str, words: str) -> None:
    assert {status_of(f" {word}  ") for word in words.split("|")} == {status}


@pytest.mark.parametrize("word", [
    "Rescheduled", "Pending", "tentative", "unconfirmed", "Absent", "yes", "", "cancel?", "not cancelled", "Reportée",
])  # fmt: skip
def test_words_that_may_mean_several_things_are_not_guessed(word: str) -> None:
    assert status_of(word) == ""
    assert our_status(word, NORTH) == word


def test_the_clinics_own_mapping_comes_first() -> None:
    imports = replace(NORTH.imports, statuses={"Cancelled": "no_show", "yes": "cancelled", "no": "booked"})
    clinic = replace(NORTH, imports=imports)
    assert [our_status(word, clinic) for word in ("CANCELLED", " Yes", "no", "Annulé")] == [
        "no_show", "cancelled", "booked", "cancelled",
    ]  # fmt: skip


def test_our_own_words_mean_themselves() -> None:
    assert [status_of(status.value) for status in AppointmentStatus] == [status.value for status in AppointmentStatus]
