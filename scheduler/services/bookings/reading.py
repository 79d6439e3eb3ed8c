"""Reads a stored call in the words of the booking system that made it."""

from datetime import datetime

from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Acuity, Calcom, Calendly, Cliniko, Generic, Source
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.acuity import read_acuity
from scheduler.services.bookings.calcom import read_calcom
from scheduler.services.bookings.calendly import read_calendly
from scheduler.services.bookings.cliniko import read_cliniko
from scheduler.services.bookings.generic import read_generic
from scheduler.services.bookings.news import Read, UnreadableError
from scheduler.services.bookings.sources import SecretOf, find_source, needed
from scheduler.store.booking_events import BookingEvent


def read_call(event: BookingEvent, configuration: Configuration, secret_of: SecretOf, *, now: datetime) -> Read:
    """Read a call; where it holds an id only, its system is asked for the rest. Blocks then.

    Raises UnreadableError, AskingError.
    """
    clinic, source = _whose(event, configuration)
    if event.payload is None:
        raise UnreadableError("it can't be opened with the keys at hand", code="keys")
    match source:
        case Calcom():
            return read_calcom(source, event.payload)
        case Calendly():
            return read_calendly(source, event.payload)
        case Cliniko():
            return read_cliniko(event.payload)
        case Generic():
            return read_generic(source, clinic, event.payload)
        case Acuity():
            from scheduler.channels.bookings.asking import Asker  # noqa: PLC0415  (what speaks HTTP is a tenth of a command's start; few ask)

            asker = Asker(needed(secret_of, source.user), needed(secret_of, source.secret))
            return read_acuity(source, event.payload, asker.get, now=now)
        case _:
            raise UnreadableError(f"{source.id} is no booking system that calls", code="source_gone")


def _whose(event: BookingEvent, configuration: Configuration) -> tuple[Clinic, Source]:
    clinic = configuration.clinics.get(event.clinic)
    source = find_source(configuration, event.clinic, event.source)
    if clinic is None or source is None:
        raise UnreadableError("the clinic's file has no such booking system any more", code="source_gone")
    return clinic, source
