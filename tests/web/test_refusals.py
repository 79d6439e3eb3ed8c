"""What a page says of a refusal: every code that is raised has words in every language, and none is left over."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from scheduler.domain.access import Permission
from scheduler.domain.appointment import CALLED_OFF
from scheduler.errors import ConflictError
from scheduler.services.erasing import Obstacle
from scheduler.services.intake import Field
from scheduler.services.resending import Bar
from scheduler.web.console.formats import Formats
from scheduler.web.console.reasons import Sayer
from scheduler.web.console.refusals import TABLES, UNREADABLE, told
from scheduler.web.console.words import said, words
from scheduler.web.pages import LANGUAGES

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
PACKAGE = Path(__file__).parents[2] / "scheduler"
RAISED = {"ConflictError", "ForbiddenError", "NotFoundError", "RegistrationError"}
STAFF = RAISED - {"NotFoundError"}
"""Of what is not there a page says that there is nothing; the message is shown nowhere."""
MEANINGS = {"permission": Permission, "bar": Bar, "obstacle": Obstacle, "field": Field}

OF_THE_TERMINAL = {"applying", "beginning", "page_links", "pinning", "plan_file", "unfinished"}
"""Modules whose refusals nobody meets in the console, or whose errors have a code for each field."""


@cache
def nodes() -> tuple[tuple[Path, ast.AST], ...]:
    """Return what stands in the modules that name a refusal at all."""
    files = [file for folder in ("domain", "services", "store", "web") for file in (PACKAGE / folder).rglob("*.py")]
    texts = [(file, file.read_text(encoding="utf-8")) for file in files]
    trees = [(file, ast.parse(text)) for file, text in texts if any(name in text for name in RAISED)]
    return tuple((file, node) for file, tree in trees for node in ast.walk(tree))


def calls() -> Iterator[tuple[Path, str, dict[str, ast.expr]]]:
    """Yield each making of a refusal: where, of which class, with which values."""
    for file, node in nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED:
            yield file, node.func.id, {it.arg or "": it.value for it in node.keywords}


def codes() -> dict[str, list[set[str]]]:
    """Return the codes that are raised, with the names of the values that each place gives."""
    found: dict[str, list[set[str]]] = {}
    for _, _, given in calls():
        if code := given.pop("code", None):
            assert isinstance(code, ast.Constant)
            found.setdefault(str(code.value), []).append(set(given))
    kinds = [node for _, node in nodes() if isinstance(node, ast.ClassDef)]
    for kind in kinds:
        if any(isinstance(base, ast.Name) and base.id in RAISED for base in kind.bases):
            for line in kind.body:
                if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant):
                    found.setdefault(str(line.value.value), []).append(set())
    return found


def test_every_code_of_a_refusal_has_a_sentence_with_values_that_are_given() -> None:
    raised = codes()
    for language in LANGUAGES:
        known = words(language)["refusals"]
        assert set(known) == set(raised), language
        for code, sentence in known.items():
            for given in raised[code]:
                assert set(re.findall(r"{(\w+)}", sentence)) <= given, (language, code)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_that_is_a_code_has_words(language: str) -> None:
    assert MEANINGS.keys() == TABLES.keys()
    for name, meaning in MEANINGS.items():
        assert all(said(language, f"{TABLES[name]}.{it.value}") for it in meaning)


def test_what_services_refuse_to_staff_has_a_code() -> None:
    own = PACKAGE / "services"
    without = {
        file.stem for file, name, given in calls() if file.parent == own and name in STAFF and "code" not in given
    }
    assert without == OF_THE_TERMINAL


def test_what_has_no_words_is_marked_as_english() -> None:
    sayer = Sayer("fr", Formats("fr", NOW, {}, {}), None)
    assert told(ConflictError("plan again"), sayer) == '<span lang="en">Plan again.</span>'
    assert told(ConflictError("<b>", code="closed"), sayer) == words("fr")["refusals"]["closed"]
    shown = told(ConflictError("", code="login_taken", login="<i>"), sayer)
    assert "&lt;i&gt;" in shown
    assert "Répondre et suivre" in told(ConflictError("", code="permission", permission="care"), sayer)
    assert "2030" in told(ConflictError("", code="past", at=NOW.replace(year=2030)), sayer)


OF_WRONG_FIELDS = re.compile(
    r'(?:Instant|Address)Error\(\s*"(\w+)"|_say\([^,]+,\s*"(\w+)"|Wrong\(Field\.\w+, "(\w+)"\)'
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_and_whatever_is_wrong_with_one_has_words(language: str) -> None:
    known = words(language)["appointments"]
    assert {it.value for it in Field} <= set(known["fields"])
    found = [
        OF_WRONG_FIELDS.findall(file.read_text(encoding="utf-8")) for file in (PACKAGE / "services").rglob("*.py")
    ]
    codes = {code for some in found for it in some for code in it if code}
    assert len(codes) > 15
    assert codes <= set(known["wrong"])
    of_ends = {f"{kind}_{status.value}" for kind in ("off", "never", "stays") for status in CALLED_OFF}
    of_order = {"older_word", "decided_since"}
    of_rows = {"booked_again", "row_differs", "row_contradicts", "person_said_later", UNREADABLE}
    assert of_ends | of_order | of_rows == set(known["rows"])


OF_FINDINGS = re.compile(r'Why\(\s*"(\w+)"(?:, (\{[^}]*\}|\w+))?')


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_of_an_examination_has_words(language: str) -> None:
    known = words(language)["findings"]
    found = dict(
        match
        for name in ("doctor", "webhook_health")
        for match in OF_FINDINGS.findall((PACKAGE / "services" / f"{name}.py").read_text(encoding="utf-8"))
    )
    assert {*found, "held_messages", "unknown_messages", "parts"} == set(known)
    for code, given in found.items():
        wanted = re.findall(r"{(\w+)}", known[code]["says"] + known[code]["mend"])
        assert all(f'"{name}"' in given for name in wanted) or not given.startswith("{"), code
