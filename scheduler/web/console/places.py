"""The clinics that somebody may choose in a form."""

from scheduler.domain.access import Caller, Permission
from scheduler.services.desk import Desk

Places = list[tuple[str, str]]


def bookable(desk: Desk, caller: Caller) -> Places:
    """Return the clinics where somebody may register visits: id and name, by name."""
    mine = [it for it in desk.configuration.clinics.values() if caller.may(Permission.BOOK, it.id)]
    return sorted(((it.id, it.name) for it in mine), key=lambda it: it[1].casefold())
