"""The page of everything that `aftercare check` may find."""

from scheduler.protocols.problems import CODES

HEAD = """# What `aftercare check` may find

Made from `scheduler/protocols/problems.py` by `make docs`; a test compares them.

Each problem is one line, `file:line:column: error: key: what is wrong (hint)`. With `--json` it also has its code.

| code | meaning |
|---|---|
"""


def problems_page() -> str:
    """Return the page."""
    return HEAD + "".join(f"| `{code}` | {sentence} |\n" for code, sentence in CODES.items())
