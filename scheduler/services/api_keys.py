"""Makes, lists and revokes API keys: a program's way in. A key is shown once; every change is on record."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.clock import Clock
from scheduler.content.formats import clean
from scheduler.domain.access import EVERY_CLINIC, Permission, Scope
from scheduler.errors import ConflictError, ForbiddenError, NotFoundError, RegistrationError
from scheduler.services.gate import PREFIX
from scheduler.services.tokens import digest, new_token
from scheduler.services.users import Manager
from scheduler.store.api_keys import ApiKey, NewKey, add_key, get_key, list_keys, revoke_key
from scheduler.store.audit import Entry, add_entry
from scheduler.store.database import Store, Tx

_PUBLIC_BYTES = 6
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key, and what its program sends: nobody can show that again."""

    key: ApiKey
    bearer: str = field(repr=False)


class ApiKeys:
    """Decides over keys. Its methods open their own transactions. `clinics` are the ids of the clinics there are."""

    def __init__(self, store: Store, clock: Clock, clinics: Collection[str]) -> None:
        self._store, self._clock, self._clinics = store, clock, clinics

    def seen_by(self, who: Manager) -> tuple[ApiKey, ...]:
        """Return the keys of the clinics of a manager, the newest first."""
        with self._store.read() as tx:
            return list_keys(tx, who.scope)

    def create(
        self, name: str, clinic: str, may: Collection[Permission], who: Manager, *, expires_at: datetime | None = None
    ) -> MadeKey:
        """Make a key for a clinic, or for `EVERY_CLINIC`. Without `expires_at` (aware) it works until it is revoked.

        Raises RegistrationError, ForbiddenError, NotFoundError, and ConflictError for a name that is taken.
        """
        self._refuse(clinic, may, who.scope, expires_at)
        public_id, secret = secrets.token_hex(_PUBLIC_BYTES), new_token()
        new = NewKey(public_id, digest(secret), _name(name), clinic, frozenset(may), expires_at)
        with self._store.write() as tx:
            key = add_key(tx, new, by=who.by, now=self._clock.now())
            self._record(tx, who, "key.created", key)
        return MadeKey(key, f"{PREFIX}{public_id}_{secret}")

    def revoke(self, key_id: int, who: Manager) -> ApiKey:
        """Let a key open nothing any more, from this moment on; return it as it was."""
        with self._store.write() as tx:
            key = get_key(tx, key_id)
            if not who.scope.holds(key.clinic):
                raise NotFoundError("there is no such key")
            if not revoke_key(tx, key_id, by=who.by, now=self._clock.now()):
                raise ConflictError(f"the key {key.name} is revoked already", code="key_revoked", name=key.name)
            self._record(tx, who, "key.revoked", key)
        return key

    def _refuse(self, clinic: str, may: Collection[Permission], scope: Scope, expires_at: datetime | None) -> None:
        if not scope.holds(clinic):  # first: who manages one clinic learns nothing of which others there are
            said = "only who manages a clinic makes keys for it"
            raise ForbiddenError(said, code="manages_not")
        if clinic != EVERY_CLINIC and clinic not in self._clinics:
            known = ", ".join(sorted(it for it in self._clinics if scope.holds(it)))
            said = f"there is no clinic {clinic}: there are {known}"
            raise NotFoundError(said, code="no_clinic")
        if not may:
            said = "a key needs a permission: read, book, care, operate, erase or manage"
            raise RegistrationError(said, code="key_may_nothing")
        if Permission.READ not in may:
            said = "a key that may do something may read too: add read"
            raise RegistrationError(said, code="key_reads", permission=Permission.READ.value)
        if expires_at is not None and expires_at <= self._clock.now():
            raise RegistrationError("a key's end lies ahead", code="key_end")

    def _record(self, tx: Tx, who: Manager, action: str, key: ApiKey) -> None:
        clinic = None if key.clinic == EVERY_CLINIC else key.clinic
        add_entry(tx, Entry(self._clock.now(), who.by, action, clinic, f"key/{key.id}", "done"))


def _name(text: str) -> str:
    name = clean(text)
    if not name or len(name) > _LONGEST_NAME:
        said = f"a key's name has 1 to {_LONGEST_NAME} characters: say which program it is for"
        raise RegistrationError(said, code="key_name", most=_LONGEST_NAME)
    return name
