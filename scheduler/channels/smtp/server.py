"""Which mail server, and how it is reached: what AFTERCARE_SMTP_URL says."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from scheduler.channels.loopback import is_loopback
from scheduler.errors import SettingsError

NAME = "AFTERCARE_SMTP_URL"


class Security(StrEnum):
    """How the line is protected. Nothing in between: what is asked for is required."""

    PLAIN = "plain"
    """Not at all: to this machine itself only."""
    STARTTLS = "starttls"
    TLS = "tls"


_PORTS = {Security.PLAIN: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. `ca_file` is the only certificate authority trusted, where it is given."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    def tls_context(self) -> ssl.SSLContext | None:
        """Return what checks the server's certificate and name; None on a plain line. Raises SettingsError."""
        if self.security is Security.PLAIN:
            return None
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise SettingsError(f"{NAME}: can't use ca={self.ca_file}: {reason}") from None


def read_smtp_url(url: str) -> SmtpServer:
    """Read `smtp://user:password@host:port?starttls=true&ca=FILE` or `smtps://…`. Raises SettingsError.

    User and password are percent-encoded. `smtp://` asks for STARTTLS unless the host is this machine.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/") or parts.fragment:
        raise SettingsError(
            f"{NAME} looks like smtp://user:password@host:587?starttls=true or smtps://user:password@host; "
            "write / ? # @ : in user and password as %2F %3F %23 %40 %3A"
        )
    _check_host(parts.hostname)
    query = _query(parts)
    security = _security(parts, query.get("starttls"))
    if parts.password and not parts.username:
        raise SettingsError(f"{NAME} has a password but no user")
    return SmtpServer(
        host=parts.hostname,
        port=_port(parts) or _PORTS[security],
        security=security,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password or "") if parts.username else None,
        ca_file=query.get("ca"),
    )


def _check_host(host: str) -> None:
    """Refuse a name that no resolver would take: it would fail anew with each mail."""
    try:
        host.encode("idna")
    except UnicodeError:
        raise SettingsError(f"{NAME}: {host} is no name of a mail server") from None


def _query(parts: SplitResult) -> dict[str, str]:
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(set(query) - {"starttls", "ca"}):
        # What is no word may be the end of a password with a ? in it.
        said = repr(unknown[0]) if unknown[0].isalpha() else "something"
        raise SettingsError(
            f"{NAME}: {said} is not known after the ?: there are starttls and ca; write a ? in a password as %3F"
        )
    return query


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise SettingsError(f"{NAME}: the port is a number from 1 to 65535") from None


def _security(parts: SplitResult, starttls: str | None) -> Security:
    if parts.scheme == "smtps":
        if starttls is not None:
            raise SettingsError(f"{NAME}: smtps:// is encrypted from the start: leave starttls out")
        return Security.TLS
    if starttls not in (None, "true", "required", "false"):
        raise SettingsError(f"{NAME}: starttls is true or false")
    local = is_loopback(parts.hostname or "")
    if starttls == "false" and not local:
        raise SettingsError(
            f"{NAME}: without STARTTLS patients' mail would cross the network in the clear; that is allowed to "
            "this machine only: use starttls=true or smtps://"
        )
    return Security.PLAIN if starttls == "false" or (starttls is None and local) else Security.STARTTLS
