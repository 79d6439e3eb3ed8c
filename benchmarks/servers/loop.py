"""The fastest event loop that is installed, for the servers and for what loads them."""

import asyncio
from collections.abc import Coroutine
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop where it is installed (the `bench` extra), else on asyncio's own loop."""
    if find_spec("uvloop") is None:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=import_module("uvloop").new_event_loop) as runner:
        return runner.run(main)
