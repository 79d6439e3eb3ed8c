"""What the code of the product and of its tests keeps to, where no linter says so."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.repo.markdown import ROOT

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
FOLDERS = ("scheduler", "tests", "benchmarks")
NOQA = re.compile(r"# (?:ruff: )?noqa\b(?!: [A-Z]+\d+(?:, [A-Z]+\d+)*(?:  \(| - )\S)")
IGNORE = re.compile(r"# type: ignore\b(?!\[[a-z-]+\](?:  # (?!noqa)\S|  # noqa: \S+  \())")


def modules(*folders: str) -> list[Path]:
    here = Path(__file__)
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if path != here]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_module_of_the_product_is_longer_than_a_reader_bears() -> None:
    assert [path for path in modules("scheduler") if len(path.read_text().splitlines()) > LONGEST_FILE] == []


def test_no_function_is_longer_than_a_reader_bears() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {lines(node)} lines"
        for path in modules(*FOLDERS)
        for node in functions(path)
        if lines(node) > LONGEST_FUNCTION
    ]
    assert long == []


def test_every_exception_from_a_linter_and_from_mypy_says_why() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in modules(*FOLDERS)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if NOQA.search(line) or IGNORE.search(line)
    ]
    assert bare == []
