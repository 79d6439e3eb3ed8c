"""Passwords that cost next to nothing, in the process of the tests: what is proven with them is what becomes of them.

The product's own take 50 ms and 64 MiB each; test_passwords looks at what is kept of those. Processes that a test
starts hash as the product does.
"""

from scheduler.services import passwords

REAL = {"_PASSES": passwords._PASSES, "_KIBIBYTES": passwords._KIBIBYTES}
"""What the product hashes with."""
_CHEAP = {"_PASSES": 1, "_KIBIBYTES": 8}


def pytest_configure() -> None:
    """Let whatever hashes from now on do it with the least that there is."""
    for name, value in _CHEAP.items():
        setattr(passwords, name, value)
