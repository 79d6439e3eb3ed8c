"""The OpenAPI document: what the framework knows of the routes, with all that every route has in common.

Each answer and each body gets its example, each operation the headers that it takes and gives, and every problem that
it can end with.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from scheduler.web.access import Needs
from scheduler.web.api.fields import examples
from scheduler.web.api.problem_schema import answer_name, header_of, problem_answer, problem_schema
from scheduler.web.api.problems import Problem

_SUMMARY = "Register appointments, see what was sent and why, answer what needs a person."
_DESCRIPTION = """\
The same that the console can do, for programs. Send `Authorization: Bearer KEY`; `aftercare key create` makes keys.

Instants are ISO 8601 in UTC with `Z`. What you send may have an offset; without one it is the clinic's wall clock.
Every `GET` takes `HEAD` too. Lists give `next`, the `cursor` of the following page. Errors are RFC 9457 problems
whose `type` never changes; those of fields name each of them in `errors`.
"""
_TAGS: Final = {
    "appointments": "Appointments, their plans and timelines, exceptions for one step, and files of them.",
    "patients": "Who they are, how they are reached, and what they agreed to.",
    "messages": "What goes out, when, and what became of it.",
    "replies": "What patients wrote.",
    "alerts": "What needs a person.",
    "bookings": "What booking systems told by themselves, how each of them stands, and calendars read by hand.",
    "pauses": "What is stopped until somebody resumes it.",
    "schedules": "Protocols and their texts, what is wrong with files, and edits for appointments in flight.",
    "webhooks": "Who is told of what happens, and what became of the calls.",
    "management": "Users, keys, and who did what.",
    "installation": "Clinics, treatments, and whether all is well.",
}
INFO: Final[dict[str, Any]] = {
    "title": "Aftercare",
    "version": "1",
    "summary": _SUMMARY,
    "description": _DESCRIPTION,
    "openapi_tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
}
_TEXT: Final = {"type": "string"}
_HEADERS: Final[dict[str, Any]] = {
    "ETag": {"description": "What this version of the thing is called.", "schema": _TEXT},
    "Link": {"description": "The next page, with rel=next, where there is one.", "schema": _TEXT},
    "Undo": {"description": "What takes it back, by a POST, for 15 minutes.", "schema": _TEXT},
    "Location": {"description": "Where the new thing is.", "schema": _TEXT},
    "Allow": {"description": "What the path takes.", "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "WWW-Authenticate": {"description": "What to send.", "schema": _TEXT},
    "RateLimit": {"description": "What is left of the allowance, and when it is full again.", "schema": _TEXT},
    "RateLimit-Policy": {"description": "The allowance: requests per window of seconds.", "schema": _TEXT},
    "Idempotent-Replayed": {"description": "The answer of the first time.", "schema": {"const": "true"}},
}
_TAKEN: Final[dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A fresh UUID for each thing to be done: sent again within 24 hours, it is done once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!#-~]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of what you saw: 412 where it was changed since.",
        "schema": _TEXT,
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of what you have: 304 where it is the same.",
        "schema": _TEXT,
    },
}
_OF_EVERY = (
    Problem.UNAUTHENTICATED,
    Problem.FORBIDDEN,
    Problem.NOT_FOUND,
    Problem.NOT_ACCEPTABLE,
    Problem.INVALID,
    Problem.TOO_MANY,
    Problem.INTERNAL,
    Problem.UNAVAILABLE,
)
_UNDOABLE = ("post_appointments", "patch_appointment")
_OF_BODIES = (Problem.MALFORMED, Problem.TOO_LARGE, Problem.MEDIA)


def document_of(api: FastAPI, server: str) -> dict[str, Any]:
    """Return the document of an application that is found at `server`."""
    document = get_openapi(
        title=api.title,
        version=api.version,
        summary=api.summary,
        description=api.description,
        tags=api.openapi_tags,
        servers=[{"url": server}],
        routes=api.routes,
    )
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = problem_schema()
    for name, shown in examples().items():
        if name in schemas:  # the framework leaves every null out of examples
            schemas[name]["examples"] = shown
    document["components"] |= {
        "headers": _HEADERS,
        "parameters": _TAKEN,
        "responses": {
            answer_name(status): problem_answer(status) for status in sorted({it.status for it in Problem})
        },
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}},
    }
    document["security"] = [{"key": []}]
    permissions = dict(_permissions(api))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["x-permission"] = permissions[path, method.upper()]
            operation["operationId"] = _called(method, path)
            operation["summary"] = operation["description"].partition(". ")[0].partition(".\n")[0].rstrip(".")
            _finish(method.upper(), operation, schemas)
    return document


def _permissions(api: FastAPI) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield what each operation needs, by path and method."""
    for route in api.routes:
        if isinstance(route, APIRoute):
            for declared in (it.call for it in route.dependant.dependencies if isinstance(it.call, Needs)):
                yield from (((route.path_format, it), str(declared.permission)) for it in route.methods or ())


def _called(method: str, path: str) -> str:
    """Return what generated clients call an operation: get_appointment_timeline."""
    parts = path.strip("/").split("/")
    followed = [*parts[1:], ""]
    words = [
        _singular(part) if after.startswith("{") else part
        for part, after in zip(parts, followed, strict=True)
        if not part.startswith("{")
    ]
    return "_".join([method, *words])


def _singular(word: str) -> str:
    if word == "outbox":
        return "outbox_message"
    return f"{word.removesuffix('ies')}y" if word.endswith("ies") else word.removesuffix("s")


def _finish(method: str, operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    answers = operation["responses"]
    answers.pop("422", None)
    for status, answer in answers.items():
        answer["description"] = "What it is now." if status == "200" else "It is new."
        _exemplify(answer, schemas)
        answer["headers"] = {name: header_of(name) for name in _given(method, operation)}
    for problem in _problems(method, operation):
        answers.setdefault(str(problem.status), {"$ref": f"#/components/responses/{answer_name(problem.status)}"})
    if method == "GET" and _is_json(operation):
        answers["304"] = {"description": "It is as you have it.", "headers": {"ETag": header_of("ETag")}}
    if "requestBody" in operation:
        _exemplify(operation["requestBody"], schemas)
    taken = {"POST": ["IdempotencyKey"], "PATCH": ["IfMatch"]}.get(method, [])
    taken += ["IfNoneMatch"] if "304" in answers else []
    operation.setdefault("parameters", []).extend({"$ref": f"#/components/parameters/{it}"} for it in taken)


def _given(method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield from ("RateLimit", "RateLimit-Policy")
    if method in ("GET", "PATCH") and _is_json(operation):
        yield "ETag"
    if any(it.get("name") == "cursor" for it in operation.get("parameters", ())):
        yield "Link"
    if method == "POST":
        yield "Idempotent-Replayed"
    if operation["operationId"] == "post_appointments":
        yield "Location"
    if operation["operationId"] in _UNDOABLE:
        yield "Undo"


def _is_json(operation: Mapping[str, Any]) -> bool:
    """Whether an operation answers with JSON, and not with a file: only that has a tag."""
    return any("application/json" in it.get("content", {}) for it in operation["responses"].values())


def _problems(method: str, operation: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _OF_EVERY
    if "requestBody" in operation:
        yield from _OF_BODIES
    if method != "GET":
        yield Problem.CONFLICT
    if method == "PATCH":
        yield Problem.CHANGED


def _exemplify(place: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Put the example of a schema beside it."""
    for media in place.get("content", {}).values():
        example = _example(media.get("schema", {}), schemas)
        if example is not None:
            media["example"] = example


def _example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    named = schema.get("$ref", "").rpartition("/")[2]
    found = schemas.get(named, schema)
    if examples := found.get("examples"):
        return examples[0]
    for one in found.get("anyOf", ()):  # a body that may be left out
        if (example := _example(one, schemas)) is not None:
            return example
    if named.startswith("Page_"):
        return {"items": [_example(found["properties"]["items"]["items"], schemas)], "next": None}
    return None
