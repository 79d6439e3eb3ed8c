"""One new connection to the mail server: greeted, encrypted, logged in; or why not."""

import socket
import ssl

import aiosmtplib

from scheduler.channels.smtp.errors import Stage, refused
from scheduler.channels.smtp.server import Security, SmtpServer
from scheduler.errors import ChannelError, ErrorKind


async def connect(
    server: SmtpServer,
    tls: ssl.SSLContext | None,
    *,
    connect_timeout: float,
    command_timeout: float,
) -> aiosmtplib.SMTP:
    """Connect within `connect_timeout` seconds; every command has `command_timeout`. Raises ChannelError."""
    smtp = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        tls_context=tls,
        timeout=command_timeout,
        local_hostname=_own_name(),
    )
    try:
        await smtp.connect(timeout=connect_timeout)
        await _greet(smtp)
    except aiosmtplib.SMTPResponseException as reply:
        raise refused(reply.code, reply.message, Stage.CONNECT) from None
    except OSError as error:  # what aiosmtplib raises for a line that fails is one as well
        raise _unreachable(server, error) from None
    except aiosmtplib.SMTPException:
        raise ChannelError(
            f"Email: {server.host} does not offer what AFTERCARE_SMTP_URL asks for (STARTTLS or a login)",
            kind=ErrorKind.CONFIGURATION,
            code="not-offered",
        ) from None
    return smtp


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    """Learn what the server can do, before the first mail is fitted to it."""
    if smtp.is_ehlo_or_helo_needed:
        try:
            await smtp.ehlo()
        except aiosmtplib.SMTPHeloError:
            await smtp.helo()


def _unreachable(server: SmtpServer, error: OSError) -> ChannelError:
    cause = error.__cause__ if isinstance(error, aiosmtplib.SMTPException) else error
    where = f"{server.host}:{server.port}"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ChannelError(
            f"Email: the certificate of {where} can't be trusted: {cause.verify_message} "
            "(a private authority: ?ca=FILE in AFTERCARE_SMTP_URL)",
            kind=ErrorKind.CONFIGURATION,
            code="certificate",
        )
    reason = _reason(error, cause)
    return ChannelError(f"Email: can't reach {where} ({reason})", kind=ErrorKind.NOT_CALLED, code=reason)


def _reason(error: OSError, cause: BaseException | None) -> str:
    if isinstance(cause, ssl.SSLError):
        return "tls"
    if isinstance(cause, socket.gaierror):
        return "dns"
    return "timeout" if isinstance(error, TimeoutError) else "unreachable"


def _own_name() -> str:
    """Return what we greet with: this machine's full name, else an address literal (RFC 5321, 4.1.4)."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
