"""Who may do what: roles, permissions, and the caller of one request. Nothing here knows a password or a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from scheduler.errors import ForbiddenError, NotFoundError

EVERY_CLINIC = "*"
"""Stands for a clinic's id where all of them are meant, those that come later too."""


class Permission(StrEnum):
    """One kind of thing that somebody may do at a clinic."""

    READ = "read"
    """See patients, visits, messages, replies, alerts and schedules."""
    BOOK = "book"
    """Register visits, move them, call them off, import files."""
    CARE = "care"
    """Answer patients, take and close alerts; skip, move, pause, send again; decide over what is held."""
    OPERATE = "operate"
    """Carry out edits of schedules, send tests; examine the installation, where it is had at every clinic."""
    ERASE = "erase"
    """Hand out all that is kept of a patient, and erase it."""
    MANAGE = "manage"
    """Decide who may do what: users, keys, webhooks; read the audit trail."""


class Role(StrEnum):
    """What a user is at a clinic: each role may do what the one before may, and more."""

    VIEWER = "viewer"
    STAFF = "staff"
    OPERATOR = "operator"
    ADMIN = "admin"


PERMISSIONS_OF: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Permission.READ}),
        Role.STAFF: frozenset({Permission.READ, Permission.BOOK, Permission.CARE}),
        Role.OPERATOR: frozenset(Permission) - {Permission.MANAGE},
        Role.ADMIN: frozenset(Permission),
    }
)


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    PASSWORD = "password"  # noqa: S105  (a word, no secret)
    """To come in and choose a password: an invitation, or a new start for who forgot it."""
    SIGN_IN = "sign_in"
    """To come in once, and no more: the demonstration."""


class CallerKind(StrEnum):
    """What stands behind a request."""

    USER = "user"
    """A person who signed in."""
    KEY = "key"
    """A program with an API key."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The clinics whose rows somebody may see; `clinics` None means every one.

    Rows that belong to no clinic, a reply of nobody known, an alert of the whole installation, are in every scope:
    nobody may overlook them. A scope of no clinic at all is never made: whoever has none is refused before.
    """

    clinics: frozenset[str] | None

    def holds(self, clinic: str | None) -> bool:
        """Whether rows of that clinic are in it."""
        return clinic is None or self.clinics is None or clinic in self.clinics


EVERYWHERE = Scope(None)
"""Every clinic."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what is allowed at which clinic (or at `EVERY_CLINIC`)."""

    kind: CallerKind
    id: int
    name: str
    """A user's login or a key's name: not a secret."""
    allowed: Mapping[str, frozenset[Permission]]
    language: str | None = None

    @property
    def label(self) -> str:
        """What goes on record as `by`, and as the actor of the audit trail."""
        return f"{self.kind}:{self.name}"

    def may(self, permission: Permission, clinic: str | None) -> bool:
        """Whether that is allowed at a clinic; at None, what belongs to no clinic, whoever may do it anywhere."""
        if clinic is None:
            return self.anywhere(permission)
        return any(permission in self.allowed.get(place, ()) for place in (clinic, EVERY_CLINIC))

    def anywhere(self, permission: Permission) -> bool:
        """Whether that is allowed at any clinic."""
        return any(permission in allowed for allowed in self.allowed.values())

    def demand(self, permission: Permission, clinic: str | None) -> None:
        """Raise unless that is allowed at the clinic of a thing.

        NotFoundError where the caller may not even read: what other clinics have does not exist for it.
        ForbiddenError where it may read, but not this.
        """
        if self.may(permission, clinic):
            return
        if clinic is not None and not self.may(Permission.READ, clinic):
            raise NotFoundError("there is no such record at your clinics")
        said = f"this needs the permission '{permission}' at that clinic: ask an administrator"
        raise ForbiddenError(said, code="permission", permission=permission.value)

    def scope(self, permission: Permission, asked: str | None = None) -> Scope:
        """Return the clinics where that is allowed, or only the one asked for. Raises as `demand` does."""
        if asked is not None:
            self.demand(permission, asked)
            return Scope(frozenset({asked}))
        if permission in self.allowed.get(EVERY_CLINIC, ()):
            return Scope(None)
        clinics = frozenset(clinic for clinic, allowed in self.allowed.items() if permission in allowed)
        if not clinics:
            said = f"this needs the permission '{permission}' at some clinic: ask an administrator"
            raise ForbiddenError(said, code="permission", permission=permission.value)
        return Scope(clinics)
