"""Log lines: dotted past events with ids and codes. Never a phone, a name, an address or a body."""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO

import structlog

# These print request parameters (phone numbers, bodies) or statements with values at INFO or DEBUG.
TALKATIVE = ("twilio", "aiohttp", "aiosmtplib", "mail.log", "sqlalchemy", "apscheduler", "asyncio", "alembic")

# What an error says may be a patient's, and these print it with its whole trace.
QUOTING = ("uvicorn.error", "asyncio")
_DEEPEST = 5

_unreal: ContextVar[bool] = ContextVar("unreal", default=False)


def configure(*, verbose: bool = False, stream: TextIO | None = None) -> None:
    """Send log lines to standard error: for people on a terminal, JSON elsewhere."""
    out = stream or sys.stderr
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=True) if out.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            _drop_unreal,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in QUOTING:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [_Faults()], False


def get_logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def places(error: BaseException) -> list[str]:
    """Return where an error came from, the last places of it, without what it says."""
    return [f"{it.filename}:{it.lineno} {it.name}" for it in traceback.extract_tb(error.__traceback__)[-_DEEPEST:]]


class _Faults(logging.Handler):
    """Writes warnings of other programs' logs as ours: what they are about, without values."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one."""
        if record.levelno < logging.WARNING:
            return
        error = record.exc_info[1] if record.exc_info else None
        said = {"error": type(error).__name__, "where": places(error)} if error else {}
        what = str(record.msg).strip().partition("\n")[0]
        get_logger(record.name).warning("server.trouble", what=what, **said)


@contextmanager
def unlogged() -> Iterator[None]:
    """Log nothing of what the block does, in this thread: it happens in a simulation, to nobody."""
    token = _unreal.set(True)
    try:
        yield
    finally:
        _unreal.reset(token)


def _drop_unreal(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if _unreal.get():
        raise structlog.DropEvent
    return event
