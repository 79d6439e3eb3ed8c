"""What is said of a resource: why it was not taken, in words, with the element; or what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from scheduler.errors import AftercareError


class Code(StrEnum):
    """Kinds of issues, as FHIR's value set `issue-type` has them."""

    STRUCTURE = "structure"
    REQUIRED = "required"
    VALUE = "value"
    CODE_INVALID = "code-invalid"
    INVALID = "invalid"
    NOT_SUPPORTED = "not-supported"
    EXTENSION = "extension"
    NOT_FOUND = "not-found"
    BUSINESS_RULE = "business-rule"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    MULTIPLE = "multiple-matches"
    LOGIN = "login"
    FORBIDDEN = "forbidden"
    THROTTLED = "throttled"
    TOO_LONG = "too-long"
    TRANSIENT = "transient"
    EXCEPTION = "exception"
    INFORMATIONAL = "informational"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is said. `at` is the FHIRPath of an element, from the resource down ("name[0].given")."""

    code: Code
    words: str
    at: str = ""
    severity: str = "error"

    def within(self, root: str) -> "Issue":
        """Return it as said of a resource that stands at `root` ("Bundle.entry[2].resource")."""
        dot = "." if self.at and not self.at.startswith("[") else ""
        return replace(self, at=f"{root}{dot}{self.at}")


class NotTakenError(AftercareError):
    """The resource can't be taken: `issues` say why. They may name elements, and quote codes, never a patient."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__("; ".join(it.words for it in issues))
        self.issues = issues

    def within(self, root: str) -> "NotTakenError":
        """Return it as said of a resource that stands at `root`."""
        return NotTakenError(*(it.within(root) for it in self.issues))


def refuse(code: Code, words: str, at: str = "") -> NotTakenError:
    """Return the error that says one thing."""
    return NotTakenError(Issue(code, words, at))


def outcome(issues: Iterable[Issue]) -> Mapping[str, Any]:
    """Return an OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": [_shown(it) for it in issues]}


def _shown(issue: Issue) -> Mapping[str, Any]:
    said: dict[str, Any] = {"severity": issue.severity, "code": issue.code.value, "diagnostics": issue.words}
    places: Sequence[str] = [issue.at] if issue.at else []
    return {**said, "expression": places} if places else said
