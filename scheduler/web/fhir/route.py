"""What every FHIR route does around its handler: who calls, what is accepted, the body read and bounded."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from scheduler.web.access import Gate, Needs, recorded
from scheduler.web.api.body import parse, read_bytes
from scheduler.web.api.problems import ApiError, Problem
from scheduler.web.late import LateRoute

MOST_BYTES = 2_000_000
_JSON = frozenset({"application/fhir+json", "application/json", "application/json+fhir"})
_READABLE = _JSON | {"*/*", "application/*"}
_FORMATS = _JSON | {"json"}
_VERSIONS = frozenset({"", "4.0", "4.0.1"})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def routes_of(gate: Gate) -> type[APIRoute]:
    """Return the class of the FHIR routes. What was read of a body is in `request.state.resource`."""

    class Checked(LateRoute):
        """Runs the checks in their order."""

        def get_route_handler(self) -> Handler:
            """Wrap the handler."""
            handle = super().get_route_handler()
            declared = [it.call for it in self.dependant.dependencies if isinstance(it.call, Needs)]

            async def answer(request: Request) -> Response:
                for declaration in declared:
                    await declaration(request)
                _refuse_unreadable(request)
                if request.method in ("POST", "PUT"):
                    request.state.resource = await _read(request)
                return await handle(request)

            return answer

    class FhirRoute(recorded(gate), Checked):  # type: ignore[misc]  # both are kinds of LateRoute
        """On record, too."""

    return FhirRoute


async def _read(request: Request) -> Any:
    """Return what the body says. Raises ApiError: 412, 413, 415 or 400."""
    if "if-match" in request.headers:
        raise ApiError(Problem.CHANGED, "versions are not kept here: send it without If-Match")
    kind, version = _media(request.headers.get("content-type", ""))
    if kind not in _JSON or version not in _VERSIONS:
        raise ApiError(Problem.MEDIA, "send FHIR R4 as JSON, with the header Content-Type: application/fhir+json")
    return parse(await read_bytes(request, MOST_BYTES))


def _refuse_unreadable(request: Request) -> None:
    """Refuse who can't read JSON; `_format` counts before the Accept header (R4, 3.1.0.1.11). Raises ApiError."""
    wanted = request.query_params.get("_format")
    # An unescaped "+" of a query is a blank.
    asked, known = ([wanted.replace(" ", "+")], _FORMATS) if wanted else (_accepted(request), _READABLE)
    kinds = [_media(it) for it in asked]
    if not any(kind in known and version in _VERSIONS for kind, version in kinds):
        raise ApiError(Problem.NOT_ACCEPTABLE, "answers are FHIR R4 as JSON: accept application/fhir+json")


def _accepted(request: Request) -> list[str]:
    return request.headers.get("accept", "*/*").split(",")


def _media(text: str) -> tuple[str, str]:
    """Return a media type and its FHIR version, "" for none."""
    kind, *parameters = text.lower().split(";")
    pairs = dict(it.strip().partition("=")[::2] for it in parameters)
    return kind.strip(), pairs.get("fhirversion", "").strip('"')
