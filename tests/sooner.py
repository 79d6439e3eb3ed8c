"""Which tests on PostgreSQL run each time, and which in the long runs only.

Every test of the store and of the way of a message runs on both databases each time. Above them the same services
answer on the same store: there SQLite is asked each time, PostgreSQL in `make test-all`.
"""

import pytest

ON_POSTGRESQL_EACH_TIME = (
    "tests/acceptance/test_postgres.py",
    "tests/acceptance/test_workers.py",
    "tests/cli/",
    "tests/repo/",
    "tests/runtime/",
    "tests/store/",
    "tests/services/test_applying",
    "tests/services/test_catching_up.py",
    "tests/services/test_dispatch",
    "tests/services/test_followups_at_once.py",
    "tests/services/test_hook",
    "tests/services/test_import",
    "tests/services/test_lock_order.py",
    "tests/services/test_receipts.py",
    "tests/services/test_regist",
    "tests/services/test_replies_stored.py",
    "tests/services/test_settling.py",
)
"""Beginnings of the names of files."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the others to the long runs."""
    for item in items:
        if item.get_closest_marker("postgres") and not item.nodeid.startswith(ON_POSTGRESQL_EACH_TIME):
            item.add_marker(pytest.mark.long)
