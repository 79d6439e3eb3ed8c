"""The endpoints of webhooks out: kept sealed, listed, changed. What is called when is in `hook_calls`."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.access import EVERY_CLINIC, Scope
from scheduler.errors import NotFoundError
from scheduler.store.database import Tx
from scheduler.store.hook_tables import hook_endpoints
from scheduler.store.tables import events

_URL, _SECRET = "hook_endpoints.url", "hook_endpoints.secret"


@dataclass(frozen=True, slots=True)
class HookEndpoint:
    """One receiver. `clinic` may be `*`; `kinds` is what it asked for; `through` the last event looked at for it."""

    id: int
    clinic: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_until: datetime | None
    kinds: frozenset[str]
    title: str
    created_at: datetime
    created_by: str
    through: int
    disabled_at: datetime | None
    disabled_by: str | None

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Return what a call is signed with now: while a secret is changed, by both."""
        old = self.old_secret if self.old_until and now < self.old_until else None
        return (self.secret, old) if old else (self.secret,)


def add_endpoint(
    tx: Tx, *, clinic: str, url: str, secret: str, kinds: frozenset[str], title: str, now: datetime, by: str
) -> int:
    """Add a receiver of what happens from now on, and return its id. The caller commits."""
    newest = sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0)).scalar_subquery()
    values = {
        "clinic": clinic,
        "url_sealed": tx.vault.seal(url, of=_URL),
        "secret_sealed": tx.vault.seal(secret, of=_SECRET),
        "kinds": json.dumps(sorted(kinds)),
        "title": title,
        "created_at": now,
        "created_by": by,
        "through": newest,
    }
    made = sa.insert(hook_endpoints).values(values).returning(hook_endpoints.c.id)
    return int(tx.connection.execute(made).scalar_one())


def get_endpoint(tx: Tx, endpoint_id: int, *, hold: bool = False) -> HookEndpoint:
    """Return a receiver; `hold`: nobody else changes it until the commit. Raises NotFoundError."""
    found = sa.select(hook_endpoints).where(hook_endpoints.c.id == endpoint_id)
    row = tx.connection.execute(found.with_for_update(key_share=True) if hold else found).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no webhook endpoint {endpoint_id}")
    return _read(tx, row)


def list_endpoints(tx: Tx, scope: Scope | None = None, *, enabled: bool = False) -> tuple[HookEndpoint, ...]:
    """Return the receivers, oldest first: those of a scope, where one for every clinic is only in that of all."""
    found = sa.select(hook_endpoints).order_by(hook_endpoints.c.id)
    if enabled:
        found = found.where(hook_endpoints.c.disabled_at.is_(None))
    if scope and scope.clinics is not None:
        found = found.where(hook_endpoints.c.clinic.in_(sorted(scope.clinics - {EVERY_CLINIC})))
    return tuple(_read(tx, row) for row in tx.connection.execute(found))


def any_behind(tx: Tx) -> bool:
    """Whether something happened that was not looked at yet for whoever is told."""
    newest = sa.select(sa.func.max(events.c.id)).scalar_subquery()
    behind = sa.select(hook_endpoints.c.id).where(
        hook_endpoints.c.disabled_at.is_(None), hook_endpoints.c.through < newest
    )
    return tx.connection.execute(behind.limit(1)).first() is not None


def change_endpoint(
    tx: Tx, endpoint_id: int, *, title: str | None = None, url: str | None = None, kinds: frozenset[str] | None = None
) -> None:
    """Change what is given of a receiver. The caller commits, and has looked whether it is there."""
    values: dict[str, Any] = {}
    if title is not None:
        values["title"] = title
    if url is not None:
        values["url_sealed"] = tx.vault.seal(url, of=_URL)
    if kinds is not None:
        values["kinds"] = json.dumps(sorted(kinds))
    if values:
        _update(tx, endpoint_id, values)


def disable_endpoint(tx: Tx, endpoint_id: int, *, now: datetime, by: str) -> None:
    """Call it no more. What waits for it waits on. The caller commits."""
    _update(tx, endpoint_id, {"disabled_at": now, "disabled_by": by})


def enable_endpoint(tx: Tx, endpoint_id: int) -> None:
    """Call it again, also about what happened meanwhile. The caller commits."""
    _update(tx, endpoint_id, {"disabled_at": None, "disabled_by": None})


def change_secret(tx: Tx, endpoint: HookEndpoint, secret: str, *, old_until: datetime) -> None:
    """Sign by another secret from now on, and by the old one beside it until then (aware). The caller commits."""
    values = {
        "secret_sealed": tx.vault.seal(secret, of=_SECRET),
        "old_secret_sealed": tx.vault.seal(endpoint.secret, of=_SECRET),
        "old_until": old_until,
    }
    _update(tx, endpoint.id, values)


def move_through(tx: Tx, endpoint_id: int, through: int) -> None:
    """Note that all events up to that one were looked at for it. The caller commits."""
    ahead = sa.update(hook_endpoints).where(hook_endpoints.c.id == endpoint_id, hook_endpoints.c.through < through)
    tx.connection.execute(ahead.values(through=through))


def _update(tx: Tx, endpoint_id: int, values: dict[str, Any]) -> None:
    tx.connection.execute(sa.update(hook_endpoints).where(hook_endpoints.c.id == endpoint_id).values(**values))


def _read(tx: Tx, row: sa.Row[Any]) -> HookEndpoint:
    return HookEndpoint(
        id=row.id,
        clinic=row.clinic,
        url=tx.vault.open(row.url_sealed, of=_URL),
        secret=tx.vault.open(row.secret_sealed, of=_SECRET),
        old_secret=tx.vault.open_or_none(row.old_secret_sealed, of=_SECRET),
        old_until=row.old_until,
        kinds=frozenset(json.loads(row.kinds)),
        title=row.title,
        created_at=row.created_at,
        created_by=row.created_by,
        through=row.through,
        disabled_at=row.disabled_at,
        disabled_by=row.disabled_by,
    )
