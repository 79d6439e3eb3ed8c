"""One booking as a booking system tells of it, in the clinic's words: registered, followed, called off or refused."""

from collections.abc import Mapping

from scheduler.domain.clinic import Clinic
from scheduler.errors import ConflictError, RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.hints import shown, suggest_few
from scheduler.services.intake import Field, Registration, read_call_off, read_registration
from scheduler.services.registration import Registered, Registrar, Result
from scheduler.services.status_words import status_of
from scheduler.services.ways import AS_TYPED, Ways
from scheduler.services.whys import whys
from scheduler.store.database import Tx


def arrive(tx: Tx, registrar: Registrar, clinic: Clinic, raw: Mapping[Field, str]) -> Registered:
    """Take one booking in, in the words of its source; the caller commits. Nothing is raised for what it says.

    `raw` has instants in ISO 8601 (without an offset: the clinic's wall clock), the source's own names of treatments
    and statuses. What can't be taken is `refused`, with a line that says why, and has written nothing; it may quote a
    treatment's name, no more of a patient than the fields that are wrong.
    """
    said = {**raw, Field.STATUS: our_status(raw.get(Field.STATUS, ""), clinic)}
    try:
        if done := call_off_known(tx, registrar, clinic, said):
            return done
        return registrar.register(tx, read_booking(said, clinic, registrar.configuration))
    except (RegistrationError, ConflictError) as error:
        return Registered(Result.REFUSED, None, str(error), whys(error))


def call_off_known(tx: Tx, registrar: Registrar, clinic: Clinic, said: Mapping[Field, str]) -> Registered | None:
    """Call off the appointment that is meant, its status in our words; the caller commits.

    None where it says no such thing, or nobody knows that id: it is kept then, for what is older and comes later.
    Raises ConflictError where somebody else is meant.
    """
    called_off = read_call_off(said, clinic)
    if called_off is None:
        return None
    book = registrar.open(tx, clinic.id, [], [called_off])
    done = registrar.call_off(book, called_off)
    book.write()
    return done


def read_booking(
    raw: Mapping[Field, str], clinic: Clinic, configuration: Configuration, *, ways: Ways = AS_TYPED
) -> Registration:
    """Check what a booking registers, its treatment in the clinic's words. Raises RegistrationError.

    `ways` as for `read_registration`; the status is one of ours already.
    """
    treatment = our_treatment(raw.get(Field.TREATMENT, ""), clinic, configuration)
    return read_registration(raw, clinic, treatment, ways=ways)


def our_treatment(text: str, clinic: Clinic, configuration: Configuration) -> str:
    """Return the protocol that the clinic's word for a treatment stands for. Raises RegistrationError."""
    treatment = _mapped(text, clinic.imports.treatments)
    if treatment in configuration.protocols:
        return treatment
    if not treatment:
        raise RegistrationError("treatment: is empty", code="treatment_empty")
    known = [*clinic.imports.treatments, *configuration.protocols]
    raise RegistrationError(
        f"treatment: “{shown(text)}” is not known: map it under import.treatments of clinic {clinic.id} "
        f"({suggest_few(text, known)})",
        code="treatment_unknown",
        named=shown(text),
    )


def treatment_if_known(text: str, clinic: Clinic, configuration: Configuration) -> str | None:
    """Return the protocol that the clinic's word for a treatment stands for, None where it stands for none."""
    treatment = _mapped(text, clinic.imports.treatments)
    return treatment if treatment in configuration.protocols else None


def our_status(text: str, clinic: Clinic) -> str:
    """Return a status in our words, as the clinic's file maps it or everybody means it; else the text itself."""
    mapped = _mapped(text, clinic.imports.statuses)
    return status_of(mapped) or mapped


def kept_back(reason: str, visit: int) -> str:
    """Return why a booking is refused, with what was done meanwhile about the visit that it was until now."""
    return f"{reason}. Until it is taken, appointment {visit} is called off here"


def left_off(reason: str, visit: int) -> str:
    """Return why a booking was refused that kept a visit back, once nobody will take it any more."""
    why = reason.removesuffix(kept_back("", visit))
    return f"{why}. It was set aside: appointment {visit} stays cancelled; reschedule it if it is on"


def _mapped(text: str, mapping: Mapping[str, str]) -> str:
    """Return what the clinic's file maps `text` to, whatever its case and spacing; else the text itself."""
    wanted = " ".join(text.split()).casefold()
    for theirs, ours in mapping.items():
        if " ".join(theirs.split()).casefold() == wanted:
            return ours
    return text.strip()
