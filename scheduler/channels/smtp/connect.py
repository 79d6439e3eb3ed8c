"""One new connection to the mail server: greeted, encrypted, logged in; or why not."""

import asyncio
import socket
import ssl

import aiosmtplib

from scheduler.channels.smtp.errors import Stage, refused
from scheduler.channels.smtp.server import Security, SmtpServer
from scheduler.errors import ChannelError, ErrorKind, Scope


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
        use_tls=server.security is Security.TLS,
        start_tls=server.security is Security.STARTTLS,
        tls_context=tls,
        timeout=command_timeout,
        local_hostname=_own_name(),
    )
    ready = False
    try:
        await smtp.connect(timeout=connect_timeout)
        await _introduce(smtp, server)
        ready = True
    except aiosmtplib.SMTPResponseException as reply:
        raise refused(reply.code, reply.message, Stage.CONNECT) from None
    except OSError as error:  # what aiosmtplib raises for a line that fails is one as well
        raise _unreachable(server, error) from None
    except aiosmtplib.SMTPException:
        raise ChannelError(
            f"Email: {server.host} does not offer what AFTERCARE_SMTP_URL asks for (STARTTLS or a login)",
            kind=ErrorKind.CONFIGURATION,
            code="not-offered",
            scope=Scope.CHANNEL,
        ) from None
    finally:
        if not ready:
            hang_up(smtp)
    return smtp


def hang_up(smtp: aiosmtplib.SMTP) -> None:
    """End the connection now. A TLS line that is closed politely waits for the other side, even after the loop."""
    transport = smtp.transport
    smtp.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


async def _introduce(smtp: aiosmtplib.SMTP, server: SmtpServer) -> None:
    """Learn what the server can do, before the first mail is fitted to it, and log in."""
    try:
        await smtp.ehlo()
    except aiosmtplib.SMTPHeloError:
        await smtp.helo()
    if server.user is not None:
        await smtp.login(server.user, server.password or "")


def _unreachable(server: SmtpServer, error: OSError) -> ChannelError:
    cause = error.__cause__ if isinstance(error, aiosmtplib.SMTPException) else error
    where = f"{server.host}:{server.port}"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ChannelError(
            f"Email: the certificate of {where} can't be trusted: {cause.verify_message} "
            "(a private authority: ?ca=FILE in AFTERCARE_SMTP_URL)",
            kind=ErrorKind.CONFIGURATION,
            code="certificate",
            scope=Scope.CHANNEL,
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
