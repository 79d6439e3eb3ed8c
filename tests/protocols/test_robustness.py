"""Whatever stands in a file, check answers in lines that point into it and never breaks."""

import re
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.paths import shipped
from scheduler.protocols.loader import check
from scheduler.protocols.problems import Problem
from tests.protocols.folders import CLINIC, INSTANCE, PROTOCOL, SOUND

UNHURRIED = settings(deadline=None)  # a busy machine is no fault of ours
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
FILES = st.sampled_from([CLINIC, PROTOCOL, INSTANCE])
KEYS = st.sampled_from(
    ["id", "after", "between", "from", "at", "channels", "first_of", "title", "steps", "name", "sms", "closures",
     "import", "columns", "overrides", "microneedling", "redness_check", "languages", "x", "<<", "null", "1"]
)  # fmt: skip
SCALARS = st.sampled_from(
    ["", "~", "x", "2d", "10:00", "[", "no", "+1", "MG", "fr", "2026-02-30", "'", "*a", "&a", "!x"]
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def written(tree: object) -> str:
    match tree:
        case dict():
            return "{" + ", ".join(f"{key}: {written(value)}" for key, value in tree.items()) + "}"
        case list():
            return "[" + ", ".join(written(item) for item in tree) + "]"
        case _:
            return str(tree)


def problems_with(name: str, content: bytes) -> tuple[Problem, ...]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config"
        shutil.copytree(SOUND, config)
        (config / name).write_bytes(content)
        configuration, problems = check(config)
        assert (configuration is None) == any(problem.severity == "error" for problem in problems)
        for problem in problems:
            assert "\n" not in str(problem)
            if problem.file == config / name:
                assert 1 <= problem.line <= len(LINE_BREAK.findall(content.decode("utf-8", "replace"))) + 1
            assert problem.column >= 1
        return problems


@UNHURRIED
@given(FILES, st.binary(max_size=200))
def test_arbitrary_bytes(name: str, content: bytes) -> None:
    problems_with(name, content)


@UNHURRIED
@given(FILES, st.text(max_size=200))
def test_arbitrary_text(name: str, content: str) -> None:
    problems_with(name, content.encode("utf-8", "surrogatepass"))


@UNHURRIED
@given(FILES, st.dictionaries(KEYS, TREES, max_size=5))
def test_arbitrary_trees_of_known_words(name: str, tree: dict[str, object]) -> None:
    problems_with(name, "".join(f"{key}: {written(value)}\n" for key, value in tree.items()).encode())


@UNHURRIED
@given(st.sampled_from(["clinics/lumiere.yaml", "protocols/microneedling.yaml"]), st.data())
def test_a_shipped_file_with_a_piece_cut_out_or_doubled(name: str, data: st.DataObject) -> None:
    text = (shipped("config") / name).read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    cut = data.draw(st.booleans())
    changed = text[:start] + text[end:] if cut else text[:end] + text[start:end] + text[end:]
    problems_with(CLINIC if "clinics" in name else PROTOCOL, changed.encode())
