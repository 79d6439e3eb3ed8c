"""A real SMTP server on loopback that answers as it is told and records what it delivered.

By hand: python -m tests.servers.smtp --port 0 --record delivered.jsonl
"""

import argparse
import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, AnyStr

from aiosmtpd.smtp import SMTP, AuthResult

from tests.servers.background import InBackground, settle
from tests.servers.certificates import Certificate, server_context
from tests.servers.mail import At, Delivered, Fault

__all__ = ["At", "Delivered", "Fault", "SmtpServer"]

Watch = Callable[[], None]


class SmtpServer(InBackground):
    """Runs in a thread of its own: `with SmtpServer() as smtp: ... smtp.url ... smtp.delivered`.

    `replies` holds what is answered, once each, before things go well again; `always` what is answered every
    time. A fault at CONTENT takes the mail first. `on_data` is called, in the server's thread, when DATA arrives.
    With `users` a login is required. `tls_from_the_start` is smtps; else a certificate means STARTTLS.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        record: Path | None = None,
        certificate: Certificate | None = None,
        tls_from_the_start: bool = False,
        users: dict[str, str] | None = None,
        smtputf8: bool = True,
    ) -> None:
        super().__init__(port)
        self.delivered: list[Delivered] = []
        self.replies: dict[tuple[At, str], list[str | Fault]] = {}
        self.always: dict[tuple[At, str], str | Fault] = {}
        self.on_data: Watch = lambda: None
        self.greeting: str | Fault | None = None
        self.final_reply = "250 2.0.0 Ok"
        self.sessions: list[Session] = []
        self.users = users
        self.smtputf8 = smtputf8
        self.tls_from_the_start = tls_from_the_start
        self.tls = server_context(certificate)
        self._record = record
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"smtp{'s' if self.tls_from_the_start else ''}://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        """How many there were."""
        return len(self.sessions)

    @property
    def open_connections(self) -> int:
        return sum(session.transport is not None and not session.transport.is_closing() for session in self.sessions)

    def wait_until_all_closed(self) -> None:
        """Return when no client is connected any more."""
        self._background.run(self._all_closed())

    def delivered_to(self, address: str) -> list[Delivered]:
        return [mail for mail in self.delivered if address in mail.recipients]

    def hang_up(self) -> None:
        """Break every connection, and return when they are broken."""
        self._background.run(self._abort_all())

    async def _start(self) -> None:
        tls = self.tls if self.tls_from_the_start else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Session(self, loop), "127.0.0.1", self._port, ssl=tls)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._server is not None
        self._stopped.set()
        await settle()
        self._server.close()
        await settle()
        await self._abort_all()

    async def _abort_all(self) -> None:
        for session in self.sessions:
            session.abort()

    async def _all_closed(self) -> None:
        await asyncio.gather(*(session.ended.wait() for session in self.sessions))

    async def answer(self, session: "Session", at: At, address: str) -> str | None:
        """Return the scripted reply, None where all goes well. A fault is carried out here."""
        once = self.replies.get((at, address))
        reply = once.pop(0) if once else self.always.get((at, address))
        if isinstance(reply, Fault):
            await self.carry_out(reply, session)
            return "451 nobody hears this"
        return reply

    async def carry_out(self, fault: Fault, session: "Session") -> None:
        if fault is Fault.SILENCE:
            await self._stopped.wait()
        session.abort()

    def refuses_content(self, address: str) -> bool:
        once = self.replies.get((At.CONTENT, address))
        return isinstance(once[0] if once else self.always.get((At.CONTENT, address)), str)

    def take(self, state: Any, envelope: Any) -> None:
        mail = Delivered(
            sender=envelope.mail_from,
            recipients=tuple(envelope.rcpt_tos),
            content=envelope.content,
            options=tuple(envelope.mail_options),
            encrypted=self.tls_from_the_start or state.ssl is not None,
            user=state.auth_data if state.authenticated else None,
        )
        self.delivered.append(mail)
        if self._record is not None:
            with self._record.open("a", encoding="utf-8") as file:
                file.write(mail.record() + "\n")


class Hooks:
    """What aiosmtpd calls for each command; the names are its own."""

    def __init__(self, owner: SmtpServer) -> None:
        self._owner = owner

    async def handle_MAIL(self, session: Any, _state: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802  (aiosmtpd finds it by the command's name)
        if reply := await self._owner.answer(session, At.MAIL, address):
            return reply
        envelope.mail_from, envelope.mail_options = address, options
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, session: Any, _state: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802  (aiosmtpd finds it by the command's name)
        if reply := await self._owner.answer(session, At.RCPT, address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, session: Any, state: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd finds it by the command's name)
        if not self._owner.refuses_content(envelope.rcpt_tos[0]):
            self._owner.take(state, envelope)
        reply = await self._owner.answer(session, At.CONTENT, envelope.rcpt_tos[0])
        return reply or self._owner.final_reply


class Session(SMTP):
    """One connection."""

    def __init__(self, owner: SmtpServer, loop: asyncio.AbstractEventLoop) -> None:
        starttls = None if owner.tls_from_the_start else owner.tls
        super().__init__(
            Hooks(owner),
            hostname="localhost",
            loop=loop,
            tls_context=starttls,
            authenticator=self._check_login if owner.users else None,
            auth_require_tls=starttls is not None or not owner.users,
            enable_SMTPUTF8=owner.smtputf8,
        )
        self._auth_required = bool(owner.users)  # as an argument it warns of logins without TLS: here is loopback
        self._owner = owner
        self._greeted = False
        self.ended = asyncio.Event()
        owner.sessions.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()
        super().connection_lost(error)

    def abort(self) -> None:
        for transport in (self.transport, self._original_transport):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()

    async def push(self, status: AnyStr) -> None:
        greeting = None if self._greeted else self._owner.greeting
        self._greeted = True
        if isinstance(greeting, Fault):
            await self._owner.carry_out(greeting, self)
        if isinstance(greeting, str):
            await super().push(greeting)
        else:
            await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  (aiosmtpd finds it by the command's name)
        self._owner.on_data()
        to = self.envelope.rcpt_tos if self.envelope else []
        if to and (reply := await self._owner.answer(self, At.DATA, to[0])):
            await self.push(reply)
            return
        await super().smtp_DATA(arg)

    def _check_login(self, _server: Any, _state: Any, _envelope: Any, _way: str, login: Any) -> AuthResult:
        user, password = login.login.decode(), login.password.decode()
        right = (self._owner.users or {}).get(user) == password
        return AuthResult(success=right, handled=False, auth_data=user)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", type=Path)
    arguments = parser.parse_args()
    with SmtpServer(port=arguments.port, record=arguments.record) as server:
        print(server.url, flush=True)  # noqa: T201  (this is what the command says)
        threading.Event().wait()


if __name__ == "__main__":
    main()
