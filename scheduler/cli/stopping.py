"""How a running service is told to stop."""

import asyncio
import signal

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
