"""One memory of compiled statements for a test process.

Each test opens a store of its own, and SQLAlchemy keeps what it compiled with the engine: a test that runs twenty
statements would compile all twenty anew, which takes longer than running them. A service keeps its engine, as here.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

from scheduler.store import engine as engines


class Compiled(LRUCache[Any, Any]):
    """Finds a statement whatever dialect object it was compiled by: those of one database here are all alike."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_alike(key), default)

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(_alike(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_alike(key), value)


_known = Compiled(5000)
_make = engines.make_engine


def _alike(key: Any) -> Any:
    dialect, *rest = key
    return (dialect.name, *rest)


def _make_engine(*given: Any, **named: Any) -> sa.Engine:
    engine = _make(*given, **named)
    engine.update_execution_options(compiled_cache=_known)
    return engine


def pytest_configure() -> None:
    """Let every store that is opened from now on share it."""
    engines.make_engine = _make_engine
