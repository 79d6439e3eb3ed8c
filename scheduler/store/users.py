"""The people who may sign in, and what each may do at which clinic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.access import EVERY_CLINIC, Role, Scope
from scheduler.errors import ConflictError, NotFoundError
from scheduler.store.database import Tx
from scheduler.store.desk_tables import grants, login_links, sessions, users
from scheduler.store.feed_tables import agenda_links


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in; `grants` are the roles by clinic, `EVERY_CLINIC` among them."""

    id: int
    login: str
    name: str
    language: str | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    disabled_by: str | None
    has_password: bool
    second_factor_since: datetime | None
    grants: Mapping[str, Role] = field(default_factory=dict)


def any_user(tx: Tx) -> bool:
    """Whether anybody could ever sign in here."""
    return tx.connection.execute(sa.select(users.c.id).limit(1)).first() is not None


def add_user(tx: Tx, login: str, name: str, *, language: str | None, by: str, now: datetime) -> int:
    """Add a user without a password and without a role; return the id. The caller commits.

    Raises ConflictError for a login that somebody has, also somebody who is disabled.
    """
    if tx.connection.execute(sa.select(users.c.id).where(users.c.login == login)).first():
        said = f"there is a user {login} already: choose another login"
        raise ConflictError(said, code="login_taken", login=login)
    values = {"login": login, "name": name, "language": language, "created_at": now, "created_by": by}
    return int(tx.connection.execute(sa.insert(users).values(values).returning(users.c.id)).scalar_one())


def get_user(tx: Tx, user_id: int) -> User:
    """Return a user. Raises NotFoundError.

    A writing transaction holds it until the commit: nobody else changes it, nor its roles by `set_grant` after this.
    """
    if tx.writing and tx.dialect == "postgresql":  # SQLite has one writer at a time and needs none of it
        held = sa.select(users.c.id).where(users.c.id == user_id)
        tx.connection.execute(held.with_for_update(key_share=True))
    return _only(tx, users.c.id == user_id, "there is no such user")


def user_by_login(tx: Tx, login: str) -> User:
    """Return the user of a login. Raises NotFoundError."""
    return _only(tx, users.c.login == login, f"there is no user {login}: `aftercare user list` shows all")


def list_users(tx: Tx, scope: Scope) -> tuple[User, ...]:
    """Return those who may do something at these clinics, and those without any role, by login.

    Of each only the roles that concern the scope: what somebody is elsewhere is not for its eyes.
    """
    found = _select(tx, sa.true())
    if scope.clinics is None:
        return found
    seen = [(user, seen_by(user, scope)) for user in found]
    return tuple(as_seen for user, as_seen in seen if as_seen.grants or not user.grants)


def seen_by(user: User, scope: Scope) -> User:
    """Return a user with only those roles that concern a scope."""
    if scope.clinics is None:
        return user
    here = {at: role for at, role in user.grants.items() if at == EVERY_CLINIC or scope.holds(at)}
    return replace(user, grants=here)


def grants_of(tx: Tx, user_ids: Sequence[int]) -> dict[int, dict[str, Role]]:
    """Return the roles by user and clinic."""
    found: dict[int, dict[str, Role]] = {user_id: {} for user_id in user_ids}
    chosen = sa.select(grants).where(grants.c.user_id.in_(list(user_ids))).order_by(grants.c.clinic)
    for row in tx.connection.execute(chosen):
        found[row.user_id][row.clinic] = row.role
    return found


def set_grant(tx: Tx, user_id: int, clinic: str, role: Role | None) -> None:
    """Let a user be that at a clinic, in place of what it was; None: nothing there any more. The caller commits."""
    same = (grants.c.user_id == user_id, grants.c.clinic == clinic)
    tx.connection.execute(sa.delete(grants).where(*same))
    if role:
        tx.connection.execute(sa.insert(grants).values(user_id=user_id, clinic=clinic, role=role))


def admins_of_all(tx: Tx) -> frozenset[int]:
    """Return who manages the whole installation and can sign in.

    In a writing transaction nobody else changes that until the commit: two who take each other's role away at once
    would leave nobody.
    """
    if tx.writing and tx.dialect == "postgresql":
        tx.connection.execute(sa.text("LOCK TABLE grants IN SHARE ROW EXCLUSIVE MODE"))
    chosen = sa.select(users.c.id).join(grants, grants.c.user_id == users.c.id)
    of_all = chosen.where(grants.c.clinic == EVERY_CLINIC, grants.c.role == Role.ADMIN, users.c.disabled_at.is_(None))
    return frozenset(tx.connection.execute(of_all).scalars())


def set_disabled(tx: Tx, user_id: int, *, by: str, now: datetime) -> None:
    """Shut a user out: no login, no open session, no link works any more. The caller commits."""
    _update(tx, user_id, disabled_at=now, disabled_by=by)
    of_user = sessions.c.user_id == user_id
    tx.connection.execute(sa.update(sessions).where(of_user, sessions.c.ended_at.is_(None)).values(ended_at=now))
    tx.connection.execute(sa.delete(login_links).where(login_links.c.user_id == user_id))
    opens = (agenda_links.c.user_id == user_id, agenda_links.c.ended_at.is_(None))
    tx.connection.execute(sa.update(agenda_links).where(*opens).values(ended_at=now))


def set_enabled(tx: Tx, user_id: int) -> None:
    """Let a user in again; what was ended stays so. The caller commits."""
    _update(tx, user_id, disabled_at=None, disabled_by=None)


def set_profile(tx: Tx, user_id: int, *, name: str, language: str | None) -> None:
    """Change how a user is called and spoken to. The caller commits."""
    _update(tx, user_id, name=name, language=language)


def set_addresses(tx: Tx, user_id: int, *, phone: str | None, email: str | None) -> None:
    """Keep where a user's own test messages go. The caller commits."""
    seal = tx.vault.seal_or_none
    _update(
        tx,
        user_id,
        phone_sealed=seal(phone, of=users.c.phone_sealed.info["of"]),
        email_sealed=seal(email, of=users.c.email_sealed.info["of"]),
    )


def addresses_of(tx: Tx, user_id: int) -> tuple[str | None, str | None]:
    """Return the phone (E.164) and the email to which a user's own test messages go. Raises NotFoundError."""
    row = tx.connection.execute(sa.select(users).where(users.c.id == user_id)).first()
    if row is None:
        raise NotFoundError("there is no such user")
    unseal = tx.vault.open_or_none
    return (
        unseal(row.phone_sealed, of=users.c.phone_sealed.info["of"]),
        unseal(row.email_sealed, of=users.c.email_sealed.info["of"]),
    )


def password_hash_of(tx: Tx, login: str) -> tuple[int, str | None] | None:
    """Return the id and the hash of a login that may be used, None where there is none."""
    chosen = sa.select(users.c.id, users.c.password_hash).where(users.c.login == login, users.c.disabled_at.is_(None))
    row = tx.connection.execute(chosen).first()
    return (row.id, row.password_hash) if row else None


def set_password_hash(tx: Tx, user_id: int, value: str) -> None:
    """Keep the argon2id hash of a password. The caller commits, and ends other sessions where it is a new one."""
    _update(tx, user_id, password_hash=value)


def _update(tx: Tx, user_id: int, **values: object) -> None:
    if not tx.connection.execute(sa.update(users).where(users.c.id == user_id).values(values)).rowcount:
        raise NotFoundError("there is no such user")


def _only(tx: Tx, condition: sa.ColumnElement[bool], missing: str) -> User:
    found = _select(tx, condition)
    if not found:
        raise NotFoundError(missing)
    return found[0]


def _select(tx: Tx, condition: sa.ColumnElement[bool]) -> tuple[User, ...]:
    rows = tx.connection.execute(sa.select(users).where(condition).order_by(users.c.login)).all()
    roles = grants_of(tx, [row.id for row in rows]) if rows else {}
    return tuple(_user(row, roles[row.id]) for row in rows)


def _user(row: sa.Row[Any], roles: Mapping[str, Role]) -> User:
    return User(
        id=row.id,
        login=row.login,
        name=row.name,
        language=row.language,
        created_at=row.created_at,
        created_by=row.created_by,
        disabled_at=row.disabled_at,
        disabled_by=row.disabled_by,
        has_password=row.password_hash is not None,
        second_factor_since=row.totp_at,
        grants=roles,
    )
