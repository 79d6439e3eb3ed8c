"""Whether what is known of a booking is no longer so, by a word on it that could not be taken."""

from collections.abc import Iterable
from datetime import datetime

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.domain.word import WordAge
from scheduler.errors import RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.services.arriving import our_treatment
from scheduler.services.bookings.news import News
from scheduler.services.intake import CallOff, Field, of_person, read_call_off
from scheduler.services.moments import NoInstantError, read_instant
from scheduler.services.people import has_other_name
from scheduler.store.appointments import StoredAppointment
from scheduler.store.patients import Patient


def is_stale(
    visit: StoredAppointment, patient: Patient, news: News, clinic: Clinic, configuration: Configuration
) -> bool:
    """Whether a visit that is on is at another time than was told, for another treatment or for another person.

    A treatment that nobody knows at the same time is more likely one that got another name there.
    """
    if visit.status is not AppointmentStatus.BOOKED:
        return False
    try:
        if read_instant(news.raw.get(Field.STARTS_AT, ""), clinic) != visit.starts_at:
            return True
    except NoInstantError:
        return True
    person = person_of(news, clinic)
    if person and has_other_name(patient, person):
        return True
    try:
        named = best_treatment(news.treatments, clinic, configuration)
        return our_treatment(named, clinic, configuration) != visit.treatment
    except RegistrationError:
        return False


def person_of(news: News, clinic: Clinic) -> CallOff | None:
    """Return whom a call names, as far as it can be read."""
    off = {Field.EXTERNAL_ID: news.booking, Field.STATUS: AppointmentStatus.CANCELLED.value}
    return read_call_off({**of_person(news.raw), **off}, clinic)


def is_overtaken(visit: StoredAppointment, as_of: datetime) -> bool:
    """Whether its source said something of a visit after that instant, or staff decided of it."""
    age = WordAge.at(as_of)
    return age.is_older(visit.said_at) or age.may_be_older(visit.decided_at)


def best_treatment(names: Iterable[str], clinic: Clinic, configuration: Configuration) -> str:
    """Return the first of a source's names that stands for a protocol; else the first, to be refused by name."""
    several = list(names)
    for name in several:
        try:
            our_treatment(name, clinic, configuration)
        except RegistrationError:
            continue
        return name
    return several[0] if several else ""
