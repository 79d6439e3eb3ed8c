"""The page of everything that `aftercare check` may find, with the tests' own examples."""

import tomllib
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from scheduler.protocols.loader import check
from scheduler.protocols.problems import CODES, LINT_CODES, TEXT_CODES
from tests.lint.cases import examples
from tests.protocols.folders import BROKEN, SOUND

HEAD = """# What `aftercare check` may find

Made from `scheduler/protocols/problems.py` and the files of the tests by `make docs`; a test compares them.

Each problem is one line, `file:line:column: error: key: what is wrong (hint)`. With `--format json` and
`--format github` it also has its code; codes are stable. An error makes the exit code 1; a warning does so with
`--strict` alone. Texts are checked once the configuration has no errors: it says which texts are needed.
"""
SECTIONS = (
    ("In configuration files", CODES),
    ("In texts", TEXT_CODES),
    ("What is hardly meant so", LINT_CODES),
)
MOST_LINES = 14


def problems_page() -> str:
    """Return the page."""
    why = reasons()
    parts = [HEAD]
    for title, codes in SECTIONS:
        rows = [f"| `{code}` | {sentence} |" for code, sentence in codes.items()]
        parts += [f"## {title}\n", "| code | meaning |", "|---|---|", *rows, ""]
        for code, sentence in codes.items():
            parts += [f"### {code}\n", sentence, ""]
            parts += [f"Why it matters: {why[code]}\n"] if code in why else []
            parts += _example(code)
    return "\n".join(parts)


@cache
def reasons() -> dict[str, str]:
    """Return why each problem matters, by its code."""
    return tomllib.loads(Path(__file__).with_name("problems_why.toml").read_text(encoding="utf-8"))


def _example(code: str) -> Iterator[str]:
    found = next(examples(code), None) or _broken().get(code)
    if found is None:
        return
    name, broken, mended = found
    wrong, right = _hunk(broken, mended)
    kind = "yaml" if name.endswith(".yaml") else "text"
    if wrong:
        yield f"In `{name}`, this is found:\n"
        yield f"```{kind}\n{wrong}```\n"
        yield "and this is not:\n" if right else "and without it, nothing is.\n"
    else:
        yield f"In `{name}`, this is missing:\n"
    if right:
        yield f"```{kind}\n{right}```\n"


@cache
def _broken() -> dict[str, tuple[str, str, str]]:
    """Return the first broken configuration of each code: file, its text, and the sound text."""
    found: dict[str, tuple[str, str, str]] = {}
    for folder in sorted(folder for folder in BROKEN.iterdir() if folder.is_dir()):
        for problem in check(folder)[1]:
            name = problem.file.relative_to(folder)
            if problem.code not in found and problem.file.is_file() and (SOUND / name).is_file():
                texts = [file.read_text(encoding="utf-8", errors="replace") for file in (problem.file, SOUND / name)]
                if texts[0] != texts[1] and not {"\0", "\ufffd"} & set(texts[0]):
                    found[problem.code] = (f"config/{name.as_posix()}", texts[0], texts[1])
    return found


def _hunk(broken: str, mended: str) -> tuple[str, str]:
    """Return the lines of each that differ, with what stands around them as far as it belongs together."""
    ones, others = broken.splitlines(), mended.splitlines()
    same = SequenceMatcher(None, ones, others, autojunk=False).get_opcodes()
    changed = [it for it in same if it[0] != "equal"]
    first, last = changed[0], changed[-1]
    top = _top_of_step(ones, first[1])
    top_mended = _top_of_step(others, min(first[3], len(others) - 1))
    whole_step = top < len(ones) and ones[top].startswith("  - ") and others[top_mended] == ones[top]
    return (
        _lines(ones, top, max(last[2], top + 1)),
        _lines(others, top_mended, max(last[4], top_mended + whole_step)),
    )


def _top_of_step(lines: list[str], at: int) -> int:
    """Return where the list item begins that a line belongs to, or the line itself."""
    for number in range(min(at, len(lines) - 1), max(at - 8, -1), -1):
        if lines[number].startswith("  - "):
            return number
        if lines[number][:1] not in ("", " "):
            break
    return at


def _lines(lines: list[str], first: int, last: int) -> str:
    """Return lines as text, to the end of the step that the last of them is in."""
    while last > first and last < len(lines) and lines[last].startswith("    "):
        last += 1
    return "".join(f"{line}\n" for line in lines[first : min(last, first + MOST_LINES)])
