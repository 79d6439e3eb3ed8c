"""The page of everything that `aftercare check` may find."""

from scheduler.protocols.problems import CODES, TEXT_CODES

HEAD = """# What `aftercare check` may find

Made from `scheduler/protocols/problems.py` by `make docs`; a test compares them.

Each problem is one line, `file:line:column: error: key: what is wrong (hint)`. With `--json` it also has its
code; codes are stable. Texts are checked once the configuration has no errors: it says which texts are needed.
"""


def problems_page() -> str:
    """Return the page."""
    config = [f"| `{code}` | {sentence} |" for code, sentence in CODES.items()]
    texts = [f"| `{code}` | {sentence} |" for code, sentence in TEXT_CODES.items()]
    table = ["| code | meaning |", "|---|---|"]
    parts = [HEAD, "## In configuration files", "", *table, *config, "", "## In texts", "", *table, *texts, ""]
    return "\n".join(parts)
