"""Which tests run in one process after another, because they share something that takes long to make."""

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

TOGETHER = ("tests/acceptance/test_demo.py", "tests/acceptance/test_callbacks.py")
"""Files; pytest-xdist's own groups are lost with this pytest, which keeps a test's id elsewhere."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Gives the tests of those files to one process each, and every other test to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in TOGETHER else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """Take the place of `--dist loadgroup`."""
    return ByFile(config, log) if config.getvalue("dist") == "loadgroup" else None
