"""How a running service is told to stop."""

import asyncio
import signal
import threading
from types import FrameType

from scheduler.logs import get_logger

log = get_logger(__name__)
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` at the first SIGTERM or Ctrl-C; a second one ends the process as if nobody listened.

    Needs a running event loop.
    """
    loop = asyncio.get_running_loop()

    def told() -> None:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
        stop.set()
        log.info("stop.requested")

    for number in SIGNALS:
        loop.add_signal_handler(number, told)


def stops_on_signals() -> threading.Event:
    """Return what the first SIGTERM or Ctrl-C sets, for what has no event loop; a second one ends the process."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        stop.set()

    for number in SIGNALS:
        signal.signal(number, told)
    return stop
