"""The server's end of a connection, with deadlines: uvicorn has one only for what is idle between two requests.

Whoever sends a request a byte at a time, or never reads the answer, would keep a connection for ever.
"""

import asyncio
import resource
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

_MANY = 10_000
_AWAITED = (h11.IDLE, h11.SEND_BODY)
_SLOW = b"The request took too long."


class Connection(H11Protocol):
    """One connection. What the times say is in seconds."""

    head_within = 15.0
    """In which the lines before the body have to be there, from the connection or from the answer before on."""
    body_within, slowest = 30.0, 16_384
    """For a body, with one second more for each so many bytes of it: a file may take long, a trickle may not."""
    answered_within = 5.0
    """In which a body has to end that was answered before its end: long enough to read why it was refused."""
    read_within = 60.0
    """In which an answer has to move on."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._phase: object = None
        self._since, self._bytes = 0.0, 0
        self._awaiting: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    @staticmethod
    def room() -> int:
        """Return how many connections are taken at once: half of the files that this process may have open.

        The other half is for the database and for sending, which goes on however many hang at the door.
        """
        soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        return _MANY if soft == resource.RLIM_INFINITY else soft // 2

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection while there is room."""
        if len(self.connections) >= self.room():
            self.transport = cast("asyncio.Transport", transport)
            self.transport.abort()
            return
        super().connection_made(cast("asyncio.Transport", transport))
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        _cancel(self._awaiting, self._writing)
        if self.flow is not None:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        self._bytes += len(data)
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Go on to the next request; what still comes of this one has little time."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._await(self.answered_within)
        else:
            self._look()

    def pause_writing(self) -> None:
        """Wait for the other end to read, but not for ever."""
        super().pause_writing()
        _cancel(self._writing)
        self._writing = self.loop.call_later(self.read_within, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        _cancel(self._writing)
        super().resume_writing()

    def _look(self) -> None:
        """Begin to count where something else is awaited of the client than before."""
        phase = self.conn.their_state
        if phase is self._phase:
            return
        self._phase, self._since, self._bytes = phase, self.loop.time(), 0
        if phase in _AWAITED:
            self._await(self.head_within if phase is h11.IDLE else self.body_within)
        else:
            _cancel(self._awaiting)

    def _await(self, seconds: float) -> None:
        _cancel(self._awaiting)
        self._awaiting = self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        """Close what took too long, unless it is a long body that comes fast enough, or one that we don't read."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        answered = cycle is not None and cycle.response_started and self._phase is h11.SEND_BODY
        if self._phase is h11.SEND_BODY and not answered:
            left = self._since + self.body_within + self._bytes / self.slowest - self.loop.time()
            if left > 0 or self.flow.read_paused:
                self._await(max(left, 1.0))
                return
        if not answered and (self._bytes or self._phase is h11.SEND_BODY):
            self._say_slow()
        self.transport.close()

    def _say_slow(self) -> None:
        """Answer 408; the application is told that nobody is there any more."""
        if self._phase is h11.SEND_BODY:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        headers = [("content-type", "text/plain"), ("content-length", str(len(_SLOW))), ("connection", "close")]
        answer = h11.Response(status_code=408, headers=headers, reason=b"Request Timeout")
        for event in (answer, h11.Data(data=_SLOW), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")


def _cancel(*timers: asyncio.TimerHandle | None) -> None:
    for timer in timers:
        if timer is not None:
            timer.cancel()
