"""The three keys of an installation: where they come from, and when they may be made."""

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scheduler.errors import KeysError
from scheduler.settings import Settings

KEY_BYTES = 32
HOW_TO_MAKE = "32 random bytes in base64, as `openssl rand -base64 32` prints"


@dataclass(frozen=True, slots=True)
class Keys:
    """`secret` signs links and logins, `encryption` seals (the first) and opens (all), `lookup` hashes.

    `sources` says where each came from ("AFTERCARE_LOOKUP_KEY", a file), for errors that tell what to mend.
    """

    secret: bytes = field(repr=False)
    encryption: tuple[bytes, ...] = field(repr=False)
    lookup: bytes = field(repr=False)
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    setting: str
    given: str | None
    file: Path


def load_keys(settings: Settings, *, database_is_new: bool) -> Keys:
    """Return the keys: from the environment, else (SQLite only) from the files in the data folder.

    A missing file is made only while the database is new: a fresh key could not open what another one sealed.
    A file that is there already is kept, so a crash between making keys and database does no harm.
    Raises KeysError naming all that is missing, or the one that is no key.
    """
    places = _places(settings)
    if settings.on_sqlite and database_is_new:
        for place in places:
            if not place.given and not place.file.exists():
                _write_new_key(place.file)
    texts = {place.name: _text(place, settings) for place in places}
    _refuse_missing([place for place in places if texts[place.name] is None], settings)
    sources = {place.name: _source(place) for place in places}
    parsed = {name: _parse(text or "", sources[name]) for name, text in texts.items()}
    return Keys(
        secret=_single(parsed["secret"], sources["secret"]),
        encryption=parsed["encryption"],
        lookup=_single(parsed["lookup"], sources["lookup"]),
        sources=sources,
    )


def _places(settings: Settings) -> tuple[_Place, ...]:
    folder = settings.data_dir
    return (
        _Place("secret", "AFTERCARE_SECRET_KEY", settings.secret_key, folder / "secret.key"),
        _Place("encryption", "AFTERCARE_ENCRYPTION_KEY", settings.encryption_key, folder / "encryption.key"),
        _Place("lookup", "AFTERCARE_LOOKUP_KEY", settings.lookup_key, folder / "lookup.key"),
    )


def _source(place: _Place) -> str:
    return place.setting if place.given else str(place.file)


def _text(place: _Place, settings: Settings) -> str | None:
    if place.given or not settings.on_sqlite:
        return place.given
    try:
        return place.file.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise KeysError(f"can't read the key file {place.file}: {reason}") from error


def _refuse_missing(missing: list[_Place], settings: Settings) -> None:
    if not missing:
        return
    names = ", ".join(place.setting for place in missing)
    if settings.on_sqlite:
        files = ", ".join(str(place.file) for place in missing)
        raise KeysError(f"the database holds data but {files} is missing: restore it from a backup or set {names}")
    raise KeysError(f"not set: {names}; PostgreSQL needs all three keys, each {HOW_TO_MAKE}")


def _parse(text: str, source: str) -> tuple[bytes, ...]:
    parts = [part for part in text.replace(",", " ").split() if part]
    if not parts:
        raise KeysError(f"{source} holds no key: a key is {HOW_TO_MAKE}")
    return tuple(_decode(part, source) for part in parts)


def _decode(text: str, source: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:  # also for characters that base64 does not have
        key = b""
    if len(key) != KEY_BYTES:
        raise KeysError(f"{source} is not a key: a key is {HOW_TO_MAKE}")
    return key


def _single(keys: tuple[bytes, ...], source: str) -> bytes:
    if len(keys) != 1:
        raise KeysError(f"{source} holds {len(keys)} keys: only the encryption key may be a list")
    return keys[0]


def _write_new_key(file: Path) -> None:
    """Make a key file whole or not at all; the first of two processes wins and both use its key."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            out.flush()
            os.fsync(out.fileno())
        _link_if_absent(draft, file)
    except OSError as error:
        raise KeysError(f"can't make the key file {file}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def _link_if_absent(draft: Path, file: Path) -> None:
    """Give the finished draft its name, and make the name survive a loss of power."""
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        return
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
