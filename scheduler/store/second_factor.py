"""The second factor of users: the sealed secret of their codes, which code was used last, their recovery codes."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from scheduler.store.database import Tx
from scheduler.store.desk_tables import recovery_codes, users

_OF = users.c.totp_sealed.info["of"]


@dataclass(frozen=True, slots=True)
class Factor:
    """The secret (base32) of somebody's codes; `since` None: it was shown, and not confirmed with a code yet."""

    secret: str = field(repr=False)
    since: datetime | None


def factor_of(tx: Tx, user_id: int) -> Factor | None:
    """Return the second factor of a user, None where there is none."""
    row = tx.connection.execute(sa.select(users.c.totp_sealed, users.c.totp_at).where(users.c.id == user_id)).first()
    if row is None or row.totp_sealed is None:
        return None
    return Factor(tx.vault.open(row.totp_sealed, of=_OF), row.totp_at)


def begin_factor(tx: Tx, user_id: int, secret: str) -> bool:
    """Keep a secret to be confirmed, in place of one that never was; False where one is in force.

    The caller commits.
    """
    change = sa.update(users).where(users.c.id == user_id, users.c.totp_at.is_(None))
    values = {"totp_sealed": tx.vault.seal(secret, of=_OF), "totp_step": None}
    return tx.connection.execute(change.values(values)).rowcount > 0


def confirm_factor(tx: Tx, user_id: int, *, now: datetime) -> bool:
    """Ask for codes from now on; False where they are asked for already. The caller commits."""
    begun = (users.c.id == user_id, users.c.totp_at.is_(None), users.c.totp_sealed.is_not(None))
    return tx.connection.execute(sa.update(users).where(*begun).values(totp_at=now)).rowcount > 0


def use_step(tx: Tx, user_id: int, step: int) -> bool:
    """Use up the code of a step and all before it; False where one as late was used. The caller commits."""
    unused = sa.or_(users.c.totp_step.is_(None), users.c.totp_step < step)
    return (
        tx.connection.execute(sa.update(users).where(users.c.id == user_id, unused).values(totp_step=step)).rowcount
        > 0
    )


def drop_factor(tx: Tx, user_id: int) -> None:
    """Ask for no codes any more; the recovery codes go with it. The caller commits."""
    values = {"totp_sealed": None, "totp_at": None, "totp_step": None}
    tx.connection.execute(sa.update(users).where(users.c.id == user_id).values(values))
    tx.connection.execute(sa.delete(recovery_codes).where(recovery_codes.c.user_id == user_id))


def set_recovery_codes(tx: Tx, user_id: int, codes: Collection[str]) -> None:
    """Keep the keyed hashes of new codes in place of all that were. The caller commits."""
    tx.connection.execute(sa.delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    rows = [{"user_id": user_id, "code_hash": _hash(tx, user_id, code)} for code in codes]
    tx.connection.execute(sa.insert(recovery_codes), rows)


def use_recovery_code(tx: Tx, user_id: int, code: str, *, now: datetime) -> bool:
    """Use up a recovery code; False for one that was used or is none. The caller commits."""
    same = (recovery_codes.c.user_id == user_id, recovery_codes.c.code_hash == _hash(tx, user_id, code))
    unused = sa.update(recovery_codes).where(*same, recovery_codes.c.used_at.is_(None))
    return tx.connection.execute(unused.values(used_at=now)).rowcount > 0


def recovery_codes_left(tx: Tx, user_id: int) -> int:
    """Return how many recovery codes were not used."""
    left = sa.select(sa.func.count()).where(recovery_codes.c.user_id == user_id, recovery_codes.c.used_at.is_(None))
    return int(tx.connection.execute(left).scalar_one())


def _hash(tx: Tx, user_id: int, code: str) -> bytes:
    """Return the keyed hash of a code: it has 60 random bits, which without the key could be tried through."""
    return tx.vault.lookup(code, of=f"recovery_codes/{user_id}")
