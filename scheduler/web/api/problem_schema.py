"""What the OpenAPI document says of problems."""

from typing import Any, Final

from scheduler.web.api.problems import MEDIA_TYPE, Problem

_TEXT: Final = {"type": "string"}
_SAYS: Final[dict[int, tuple[str, ...]]] = {
    Problem.UNAUTHENTICATED.status: ("WWW-Authenticate",),
    Problem.TOO_MANY.status: ("Retry-After",),
    Problem.UNAVAILABLE.status: ("Retry-After",),
}


def header_of(name: str) -> dict[str, str]:
    """Return the reference to a header of the document."""
    return {"$ref": f"#/components/headers/{name}"}


def answer_name(status: int) -> str:
    """Return what the answer of a status is called in the document."""
    return f"Problem{status}"


def problem_schema() -> dict[str, Any]:
    """Return the schema of every problem."""
    wrong = {
        "type": "object",
        "required": ["in", "field", "pointer", "detail", "hint"],
        "additionalProperties": False,
        "properties": {
            "in": {"enum": ["body", "query", "path", "header"]},
            "field": _TEXT,
            "pointer": {"type": ["string", "null"], "description": "JSON pointer (RFC 6901) to a field of the body."},
            "detail": _TEXT,
            "hint": {"type": ["string", "null"], "description": "What to do."},
        },
    }
    return {
        "type": "object",
        "title": "Problem",
        "description": "What went wrong (RFC 9457), and what to do about it.",
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": False,
        "properties": {
            "type": {"enum": [it.uri for it in Problem]},
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "instance": {"type": "string", "description": "What the log of the service calls it."},
            "errors": {"type": "array", "minItems": 1, "items": wrong},
        },
    }


def problem_answer(status: int) -> dict[str, Any]:
    """Return the answer of a status, with an example of each problem that has it."""
    kinds = [it for it in Problem if it.status == status]
    examples = {it.code: {"summary": it.title, "value": _sample(it)} for it in kinds}
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
    names = ("Allow",) if status == Problem.METHOD.status else _SAYS.get(status, ())
    return {
        "description": " ".join(it.meaning for it in kinds),
        "headers": {name: header_of(name) for name in names},
        "content": {MEDIA_TYPE: content},
    }


def _sample(problem: Problem) -> dict[str, Any]:
    said: dict[str, Any] = {
        "type": problem.uri,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.meaning,
    }
    if problem is Problem.INVALID:
        detail, hint = "names a day or a time that does not exist", "look at the calendar"
        said["detail"] = f"starts_at: {detail}: {hint}"
        wrong = {"in": "body", "field": "starts_at", "pointer": "/starts_at", "detail": detail, "hint": hint}
        said["errors"] = [wrong]
    return said
