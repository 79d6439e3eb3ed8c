"""API keys by their public ids. Of a secret only the SHA-256 is kept: it is 32 random bytes, that nobody guesses."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.access import Permission, Scope
from scheduler.errors import ConflictError, NotFoundError
from scheduler.store.database import Tx
from scheduler.store.desk_tables import api_keys


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is shown; `clinic` may be `EVERY_CLINIC`. It works until `expires_at` or `revoked_at`."""

    id: int
    public_id: str
    name: str
    clinic: str
    permissions: frozenset[Permission]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    secret_hash: bytes = field(repr=False)

    def works(self, now: datetime) -> bool:
        """Whether it opens anything at an instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key is made of."""

    public_id: str
    secret_hash: bytes = field(repr=False)
    name: str
    clinic: str
    permissions: frozenset[Permission]
    expires_at: datetime | None


def add_key(tx: Tx, key: NewKey, *, by: str, now: datetime) -> ApiKey:
    """Keep a new key. Raises ConflictError for a name that another key has or had: records name keys by it.

    The caller commits.
    """
    if tx.connection.execute(sa.select(api_keys.c.id).where(api_keys.c.name == key.name)).first():
        said = f"there is or was a key {key.name}: choose another name"
        raise ConflictError(said, code="key_taken", name=key.name)
    values = {
        "public_id": key.public_id,
        "secret_hash": key.secret_hash,
        "name": key.name,
        "clinic": key.clinic,
        "permissions": " ".join(sorted(key.permissions)),
        "created_at": now,
        "created_by": by,
        "expires_at": key.expires_at,
    }
    made = sa.insert(api_keys).values(values).returning(*api_keys.c)
    return _key(tx.connection.execute(made).one())


def find_key(tx: Tx, public_id: str) -> ApiKey | None:
    """Return a key, whatever it is worth."""
    row = tx.connection.execute(sa.select(api_keys).where(api_keys.c.public_id == public_id)).first()
    return _key(row) if row else None


def get_key(tx: Tx, key_id: int) -> ApiKey:
    """Return a key by its number. Raises NotFoundError."""
    row = tx.connection.execute(sa.select(api_keys).where(api_keys.c.id == key_id)).first()
    if row is None:
        raise NotFoundError("there is no such key")
    return _key(row)


def list_keys(tx: Tx, scope: Scope) -> tuple[ApiKey, ...]:
    """Return the keys of these clinics, the newest first; those of every clinic only to who may see every one."""
    mine = sa.true() if scope.clinics is None else api_keys.c.clinic.in_(sorted(scope.clinics))
    return tuple(map(_key, tx.connection.execute(sa.select(api_keys).where(mine).order_by(api_keys.c.id.desc()))))


def touch_key(tx: Tx, key_id: int, *, now: datetime) -> None:
    """Note that a key was used. The caller commits."""
    tx.connection.execute(sa.update(api_keys).where(api_keys.c.id == key_id).values(used_at=now))


def revoke_key(tx: Tx, key_id: int, *, by: str, now: datetime) -> bool:
    """Let a key open nothing any more; False where it was revoked before. The caller commits."""
    in_force = sa.update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    return tx.connection.execute(in_force.values(revoked_at=now, revoked_by=by)).rowcount > 0


def _key(row: sa.Row[Any]) -> ApiKey:
    values = {name: getattr(row, name) for name in ApiKey.__slots__}
    return ApiKey(**{**values, "permissions": frozenset(map(Permission, row.permissions.split()))})
