"""What pytest loads once and keeps to the end: the collector of garbage does not look through it again and again.

There is nothing to be found while tests are read in, which took half of that time. What stays is set aside, so that
what the tests themselves leave behind is found by looking through that alone.
"""

import gc
from collections.abc import Generator

import pytest

OFTEN = 20_000
"""After so many new objects it looks through the young ones: a test makes Python's 700 within a millisecond."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Read the tests in without it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(OFTEN)
        gc.enable()
