"""The clinics that somebody who decides over users, keys and hooks may choose from."""

from collections.abc import Sequence

from scheduler.domain.access import EVERY_CLINIC, Caller, Permission
from scheduler.services.desk import Desk


def clinics_to_choose(desk: Desk, caller: Caller, every: str) -> Sequence[tuple[str, str]]:
    """Return (id, name) of the clinics that somebody manages; `every` is what all of them together are called."""
    scope = caller.scope(Permission.MANAGE)
    named = [(it.id, it.name) for it in desk.configuration.clinics.values() if scope.holds(it.id)]
    return [*([(EVERY_CLINIC, every)] if scope.clinics is None else []), *named]


def of_one(clinic: str) -> str | None:
    """Return the clinic for the record, None for all of them."""
    return None if clinic == EVERY_CLINIC else clinic
