"""Faults that are logged in the process of the tests are written as Python does.

Where nobody configured the log, structlog draws every value around a fault, in colours: half a second for each, which
nobody reads. The product's own log is configured, and so it is where a test looks at it.
"""

import structlog


def pytest_configure() -> None:
    """Let the log that nobody configured do it so, also after a test went back to it."""
    for it in structlog.get_config()["processors"]:
        if isinstance(it, structlog.dev.ConsoleRenderer):
            it.exception_formatter = structlog.dev.plain_traceback
