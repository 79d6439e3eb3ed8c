"""The channel that sends nothing: what would have left is kept as a database row and as a file to look at."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from scheduler.clock import Clock
from scheduler.domain.clinic import SmsSender
from scheduler.domain.outgoing import Accepted, Outgoing, OutgoingCall, OutgoingEmail, OutgoingSms
from scheduler.domain.protocol import Channel
from scheduler.domain.segments import count_segments
from scheduler.errors import ChannelError, ErrorKind, Scope, StoreError

Keep = Callable[[str, Channel, Outgoing], None]


class RehearsalTransport:
    """Serves both channels, and accepts like a provider: its id is `rehearsal-<attempt>`.

    Files in `outbox_dir` are readable by their owner only and named by time, channel and attempt. `keep` stores
    the row: it may block, is called in a thread and never twice at once, commits by itself, and may raise StoreError.
    """

    def __init__(self, outbox_dir: Path, clock: Clock, *, keep: Keep) -> None:
        self._outbox_dir = outbox_dir
        self._clock = clock
        self._keep = keep
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Open nothing: the folder is made with the first message."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing."""

    async def send(self, message: Outgoing) -> Accepted:
        """Keep the message. Raises ChannelError past the deadline or when file or row can't be written."""
        async with self._turn:
            if self._clock.now() > message.deadline:
                raise ChannelError(
                    "Rehearsal: not kept, its deadline had passed", kind=ErrorKind.NOT_CALLED, code="deadline"
                )
            try:
                await asyncio.to_thread(self._put, message)
            except StoreError as error:
                raise ChannelError(str(error), kind=ErrorKind.TRANSIENT, code="outbox") from error
            except OSError as error:
                raise self._unwritable(error) from error
        return Accepted(f"rehearsal-{message.attempt}")

    async def probe(self) -> None:
        """Write a file into the folder and take it away again, to see that it works. Raises ChannelError."""
        try:
            await asyncio.to_thread(self._try_folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _try_folder(self) -> None:
        self._open_folder()
        with tempfile.NamedTemporaryFile(dir=self._outbox_dir, suffix=".part") as file:
            file.write(bytes(4096))
            file.flush()

    def _unwritable(self, error: OSError) -> ChannelError:
        return ChannelError(
            f"Rehearsal: can't write to {self._outbox_dir}: {error.strerror}",
            kind=ErrorKind.CONFIGURATION,
            code="outbox",
            scope=Scope.CHANNEL,
        )

    def _put(self, message: Outgoing) -> None:
        """Write beside, keep the row, then show the file: it appears whole, and only with its row."""
        self._open_folder()
        channel, suffix, content = _content(message)
        final = self._outbox_dir / f"{self._clock.now():%Y%m%dT%H%M%SZ}-{channel}-{message.attempt}{suffix}"
        beside = final.with_suffix(f"{suffix}.part")
        try:
            with open(beside, "wb", opener=_private) as file:
                file.write(content)
            self._keep(message.attempt, channel, message)
            beside.rename(final)
        finally:
            beside.unlink(missing_ok=True)

    def _open_folder(self) -> None:
        self._outbox_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._outbox_dir.chmod(0o700)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _content(message: Outgoing) -> tuple[Channel, str, bytes]:
    if isinstance(message, OutgoingEmail):
        return Channel.EMAIL, ".eml", message.mime
    if isinstance(message, OutgoingCall):
        return Channel.WEBHOOK, ".json", message.payload
    return Channel.SMS, ".txt", _as_text(message).encode()


def _as_text(message: OutgoingSms) -> str:
    cost = count_segments(message.body)
    header = f"To: {message.to}\nFrom: {_origin(message.sender)}\nSegments: {cost.segments} ({cost.encoding})\n"
    return f"{header}\n{message.body}\n"


def _origin(sender: SmsSender) -> str:
    return sender.messaging_service or sender.number or sender.name or "(no sender)"
