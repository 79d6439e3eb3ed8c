"""A booking whose entry got another UID: programs that make their calendar anew give every entry one."""

from collections.abc import Sequence
from dataclasses import replace

from scheduler.domain.clinic import Clinic
from scheduler.errors import ConflictError, RegistrationError
from scheduler.services.arriving import our_status, read_booking
from scheduler.services.feeds.reading import Entry
from scheduler.services.intake import Field
from scheduler.services.people import find_registered
from scheduler.services.registration import Registrar
from scheduler.store.appointments import set_external_id
from scheduler.store.database import Tx
from scheduler.store.feeds import KnownEntry, take_out_entry
from scheduler.store.known import look_up


def take_over(
    tx: Tx, registrar: Registrar, of: tuple[Clinic, str], entry: Entry, gone: Sequence[KnownEntry]
) -> tuple[KnownEntry, KnownEntry] | None:
    """Return which of the entries that are gone a new one is, before and under its new id; None where it is none.

    It is one of the same patient, treatment and start. Its visit gets the new id. `of` are clinic and calendar. The
    caller commits.
    """
    candidates = {it.external_id: it for it in gone if it.starts_at == entry.starts_at}
    if not candidates or entry.wrong:
        return None
    clinic, source = of
    status = our_status(entry.raw.get(Field.STATUS, ""), clinic)
    raw = {**entry.raw, Field.EXTERNAL_ID: entry.external_id, Field.STATUS: status}
    try:
        said = read_booking(raw, clinic, registrar.configuration)
        book = registrar.open(tx, clinic.id, [said])
        person = find_registered(book, said)
    except (RegistrationError, ConflictError):
        return None  # refused as any new one, with the same reason
    if person is None or book.find_named(entry.external_id):
        return None
    visits = look_up(tx, clinic.id, [], list(candidates)).visits
    for old, it in candidates.items():
        visit = visits.named(old)
        if visit and (visit.patient_id, visit.treatment) == (person.patient.id, said.treatment):
            set_external_id(tx, visit.id, entry.external_id, now=book.now)
            take_out_entry(tx, clinic.id, source, old)
            since = it.missing_since if it.is_off else None
            return it, replace(it, external_id=entry.external_id, missing_since=since)
    return None
