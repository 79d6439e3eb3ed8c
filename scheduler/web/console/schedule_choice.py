"""Which clinic, protocol and language a page of schedules is about: what was asked for, if the reader may see it."""

from scheduler.domain.access import Caller, Permission
from scheduler.errors import NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.schedule_pages import first_clinic


def chosen_clinic(desk: Desk, caller: Caller, clinic: str | None) -> str:
    """Return the clinic that is looked at: the one that was named, else the reader's first.

    Raises NotFoundError for one that is not there or not the reader's.
    """
    scope = caller.scope(Permission.READ, clinic)
    found = clinic or first_clinic(desk, scope)
    if found is None or found not in desk.configuration.clinics:
        raise NotFoundError("there is no such clinic among yours")
    return found


def refuse_unknown_treatment(desk: Desk, treatment: str) -> None:
    """Raise NotFoundError for a treatment that has no protocol."""
    if treatment not in desk.configuration.protocols:
        raise NotFoundError("there is no protocol of that name")


def chosen_language(desk: Desk, clinic: str, asked: str | None, reader: str) -> str:
    """Return the language that texts are shown in: the one asked for, else the reader's, if the clinic speaks it."""
    spoken = desk.configuration.clinic(clinic).languages
    return next((it for it in (asked, reader) if it in spoken), spoken[0])


def readable(desk: Desk, caller: Caller) -> list[str]:
    """Return the clinics that the reader may choose from."""
    return [it for it in desk.configuration.clinics if caller.may(Permission.READ, it)]
