"""Check values in the database, by which wrong or missing keys are refused before anything is read or sent."""

import hmac

import sqlalchemy as sa

from scheduler.errors import KeysError
from scheduler.store.tables import meta
from scheduler.store.vault import PREFIX_BYTES, Vault

_KNOWN = "aftercare"
_OF = "meta.check"
_LOOKUP = "check.lookup"
_ENCRYPTION = "check.encryption."


def verify_keys(connection: sa.Connection, vault: Vault) -> bool:
    """Refuse keys that do not fit this database; return whether the first encryption key is new to it.

    Raises KeysError naming the setting or file to mend. Each key that ever sealed here must be in the list,
    until `rekey` has replaced it.
    """
    known = {row.name: row.value for row in connection.execute(sa.select(meta.c.name, meta.c.value))}
    lookup = known.get(_LOOKUP)
    if lookup is not None and not hmac.compare_digest(lookup, vault.lookup(_KNOWN, of=_OF)):
        raise KeysError(
            f"{vault.sources['lookup']} is not the key of this database: give it the one it was made with"
        )
    for name, value in known.items():
        if name.startswith(_ENCRYPTION):
            _open_check(value, vault)
    return _name_of(vault) not in known


def plant_checks(connection: sa.Connection, vault: Vault) -> None:
    """Store the check values of the look-up key and of the first encryption key, where they are not there yet.

    The caller commits, and has verified the keys.
    """
    there = set(connection.scalars(sa.select(meta.c.name)))
    values = {_LOOKUP: vault.lookup(_KNOWN, of=_OF), _name_of(vault): vault.seal(_KNOWN, of=_OF)}
    missing = [{"name": name, "value": value} for name, value in values.items() if name not in there]
    if missing:
        connection.execute(sa.insert(meta), missing)


def forget_old_checks(connection: sa.Connection, vault: Vault) -> None:
    """Drop the check values of all encryption keys but the first: nothing is sealed by them any more."""
    connection.execute(
        sa.delete(meta).where(meta.c.name.startswith(_ENCRYPTION), meta.c.name != _name_of(vault)),
    )


def _name_of(vault: Vault) -> str:
    return _ENCRYPTION + vault.prefix[1:].hex()


def _open_check(value: bytes, vault: Vault) -> None:
    try:
        vault.open(value, of=_OF)
    except KeysError:
        key_id = value[1:PREFIX_BYTES].hex()
        raise KeysError(
            f"{vault.sources['encryption']} lacks the key {key_id} that this database was sealed with: "
            "add that key to the list"
        ) from None
