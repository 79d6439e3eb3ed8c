"""What the environment says, read once at the start; every secret may also come as `NAME_FILE`."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from scheduler.errors import SettingsError
from scheduler.paths import shipped

SECRETS = (
    "TWILIO_AUTH_TOKEN",
    "TWILIO_SHARED_KEYS",
    "AFTERCARE_DATABASE_URL",
    "AFTERCARE_SMTP_URL",
    "AFTERCARE_WEBHOOK_SECRET",
    "AFTERCARE_INBOUND_TOKEN",
    "AFTERCARE_SECRET_KEY",
    "AFTERCARE_ENCRYPTION_KEY",
    "AFTERCARE_LOOKUP_KEY",
)
WEBHOOK_KEY = (24, 64)
"""How many bytes the secret of webhooks has, at least and at most, as Standard Webhooks says."""
TWILIO_API_URL = "https://api.twilio.com"
_BOUNCES = re.compile(r"[A-Za-z0-9._-]{1,27}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_TOKEN_LENGTH = 24


class Delivery(StrEnum):
    """Whether messages leave the machine."""

    REHEARSAL = "rehearsal"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked for shape; docs/reference/settings.md says what each means."""

    database_url: str
    config_dir: Path
    templates_dir: Path
    data_dir: Path
    delivery: Delivery = Delivery.REHEARSAL
    twilio_account_sid: str | None = None
    twilio_auth_token: str | None = field(default=None, repr=False)
    twilio_shared_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    twilio_api_url: str = TWILIO_API_URL
    smtp_url: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    bounce_address: str | None = None
    inbound_token: str | None = field(default=None, repr=False)
    public_url: str = "http://127.0.0.1:8000"
    secret_key: str | None = field(default=None, repr=False)
    encryption_key: str | None = field(default=None, repr=False)
    lookup_key: str | None = field(default=None, repr=False)

    @property
    def on_sqlite(self) -> bool:
        """Whether the embedded database is used."""
        return self.database_url.startswith("sqlite:")

    @property
    def outbox_dir(self) -> Path:
        """Where rehearsed messages are written as files."""
        return self.data_dir / "outbox"

    @property
    def missing_for_live(self) -> tuple[str, ...]:
        """The settings without which live delivery can't work."""
        needed = {
            "TWILIO_ACCOUNT_SID": self.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": self.twilio_auth_token,
            "AFTERCARE_SMTP_URL": self.smtp_url,
        }
        return tuple(name for name, value in needed.items() if not value)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from an environment. Raises SettingsError with the name and what to do."""
    data_dir = Path(environ.get("AFTERCARE_DATA_DIR") or "var")
    return Settings(
        database_url=_database_url(_secret(environ, "AFTERCARE_DATABASE_URL"), data_dir),
        config_dir=_folder(environ, "AFTERCARE_CONFIG_DIR", "config"),
        templates_dir=_folder(environ, "AFTERCARE_TEMPLATES_DIR", "templates"),
        data_dir=data_dir,
        delivery=_delivery(environ.get("AFTERCARE_DELIVERY")),
        twilio_account_sid=environ.get("TWILIO_ACCOUNT_SID") or None,
        twilio_auth_token=_secret(environ, "TWILIO_AUTH_TOKEN"),
        twilio_shared_keys=_shared_keys(_secret(environ, "TWILIO_SHARED_KEYS")),
        twilio_api_url=_http_url(environ, "AFTERCARE_TWILIO_API_URL", TWILIO_API_URL),
        smtp_url=_smtp_url(_secret(environ, "AFTERCARE_SMTP_URL")),
        webhook_secret=_webhook_secret(_secret(environ, "AFTERCARE_WEBHOOK_SECRET")),
        bounce_address=_bounce_address(environ.get("AFTERCARE_BOUNCE_ADDRESS")),
        inbound_token=_inbound_token(_secret(environ, "AFTERCARE_INBOUND_TOKEN")),
        public_url=_http_url(environ, "AFTERCARE_PUBLIC_URL", "http://127.0.0.1:8000"),
        secret_key=_secret(environ, "AFTERCARE_SECRET_KEY"),
        encryption_key=_secret(environ, "AFTERCARE_ENCRYPTION_KEY"),
        lookup_key=_secret(environ, "AFTERCARE_LOOKUP_KEY"),
    )


def named_secret(environ: Mapping[str, str], name: str) -> str | None:
    """Return a secret that a clinic's file names, from `name` or the file in `name_FILE`; None: neither is set.

    Raises SettingsError.
    """
    return _secret(environ, name)


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    value, file = environ.get(name), environ.get(f"{name}_FILE")
    if value and file:
        raise SettingsError(f"{name} and {name}_FILE are both set: keep one of them")
    if not file:
        return value or None
    try:
        content = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise SettingsError(f"{name}_FILE: can't read {file}: {reason}") from error
    if not content:
        raise SettingsError(f"{name}_FILE: {file} is empty: put the value into it")
    return content


def _database_url(value: str | None, data_dir: Path) -> str:
    if not value:
        return f"sqlite:///{data_dir / 'aftercare.db'}"
    if value.startswith("postgres://"):
        value = "postgresql://" + value.removeprefix("postgres://")
    if not value.startswith(("sqlite:///", "postgresql://")):
        raise SettingsError("AFTERCARE_DATABASE_URL starts with sqlite:/// or postgresql://")
    return value


def _folder(environ: Mapping[str, str], name: str, default: str) -> Path:
    """Return the folder that is set, else the one in the working folder, else the shipped one."""
    if value := environ.get(name):
        if not Path(value).is_dir():
            raise SettingsError(f"{name}: there is no folder {value}: make one with `aftercare init DIR`")
        return Path(value)
    local = Path(default)
    return local if local.is_dir() else shipped(default)


def _delivery(value: str | None) -> Delivery:
    try:
        return Delivery(value or "rehearsal")
    except ValueError:
        raise SettingsError("AFTERCARE_DELIVERY is rehearsal or live") from None


def _http_url(environ: Mapping[str, str], name: str, default: str) -> str:
    value = environ.get(name) or default
    parts = _split(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(f"{name} is a web address such as https://care.example.com, without ? or #")
    return value.rstrip("/")


def _shared_keys(value: str | None) -> Mapping[str, str]:
    """Return the secrets by the id that Twilio names them with."""
    keys: dict[str, str] = {}
    for entry in (value or "").split(","):
        name, _, secret = (part.strip() for part in entry.partition("="))
        if name and secret:
            keys[name] = secret
        elif entry.strip():
            raise SettingsError("TWILIO_SHARED_KEYS looks like id=secret,id=secret")
    return keys


def _webhook_secret(value: str | None) -> str | None:
    """Refuse what receivers' libraries could not read: they want 24 to 64 bytes in base64, after whsec_ or not."""
    try:
        size = len(base64.b64decode((value or "").removeprefix("whsec_"), validate=True)) if value else WEBHOOK_KEY[0]
    except ValueError:
        size = 0
    if not WEBHOOK_KEY[0] <= size <= WEBHOOK_KEY[1]:
        raise SettingsError(
            "AFTERCARE_WEBHOOK_SECRET is 24 to 64 bytes in base64: `openssl rand -base64 32` makes one"
        )
    return value


def _bounce_address(value: str | None) -> str | None:
    """Refuse what can't be given a token: that needs 37 of the 64 characters before the @."""
    if value and not _BOUNCES.fullmatch(value):
        raise SettingsError(
            "AFTERCARE_BOUNCE_ADDRESS is a mailbox of yours such as bounces@clinic.example, without a +, with "
            "at most 27 characters before the @"
        )
    return value or None


def _inbound_token(value: str | None) -> str | None:
    """Refuse what could be guessed."""
    if value and len(value) < _TOKEN_LENGTH:
        raise SettingsError(
            f"AFTERCARE_INBOUND_TOKEN has at least {_TOKEN_LENGTH} characters: `openssl rand -hex 24` makes one"
        )
    return value


def _smtp_url(value: str | None) -> str | None:
    parts = _split(value or "smtp://host")
    if parts is None or parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise SettingsError(
            "AFTERCARE_SMTP_URL looks like smtp://user:password@host:587?starttls=true or smtps://user:password@host;"
            " write / ? # [ ] @ : in user and password as %2F %3F %23 %5B %5D %40 %3A"
        )
    return value


def _split(value: str) -> SplitResult | None:
    """Return the parts of an address, None for what is none: the error itself would quote a password."""
    try:
        parts = urlsplit(value)
        _ = parts.port  # read only to be checked: 0 to 65535
    except ValueError:
        return None
    return parts
