"""What every route of the API does around its handler, in one order, so that none forgets a part of it.

1. Who calls, whether not too often (401, 429), and whether it is allowed at all (403).
2. Whether the answer can be read (406) and the query is known (422).
3. The body: kind, size, JSON (415, 413, 400). One that may be left out may be left out whole.
4. A request that came before under the same Idempotency-Key is answered as it was then.
5. The handler; the answer to a GET gets an entity tag, and is 304 where the caller has the same.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from scheduler.web.access import Gate, Needs, recorded
from scheduler.web.api.body import FileBody, has_none, read_bytes, read_json
from scheduler.web.api.etags import tag_answer
from scheduler.web.api.once import Once
from scheduler.web.api.problems import ApiError, Problem, Wrong, invalid
from scheduler.web.late import LateRoute

_JSON = "application/json"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def routes_of(gate: Gate, once: Once) -> type[APIRoute]:
    """Return the class of the API's routes."""

    class Checked(LateRoute):
        """Runs the checks in their order."""

        def get_route_handler(self) -> Handler:
            """Wrap the handler."""
            handle = super().get_route_handler()
            declared = [it.call for it in self.dependant.dependencies if isinstance(it.call, Needs)]
            known, read_body = _known_query(self), _reader(self)
            kind = getattr(self.response_class, "media_type", None) or _JSON

            async def answer(request: Request) -> Response:
                for declaration in declared:
                    await declaration(request)
                _refuse_unreadable(request, kind)
                _refuse_unknown(request, known)
                await read_body(request)
                if request.method == "POST":
                    return await once.answer(request, handle)
                done = await handle(request)
                return tag_answer(request, done) if request.method == "GET" else done

            return answer

    class ApiRoute(recorded(gate), Checked):  # type: ignore[misc]  # both are kinds of LateRoute
        """On record, too."""

    return ApiRoute


def _refuse_unreadable(request: Request, kind: str) -> None:
    accepted = request.headers.get("accept")
    if accepted is None:
        return
    readable = ("*/*", f"{kind.partition('/')[0]}/*", kind)
    ranges = [part.partition(";") for part in accepted.lower().split(",")]
    if not any(name.strip() in readable and not _is_zero(rest) for name, _, rest in ranges):
        raise ApiError(Problem.NOT_ACCEPTABLE, f"answers are {kind}: let the Accept header say so")


def _is_zero(parameters: str) -> bool:
    """Whether a kind is named only to say that it is not wanted."""
    return any(it.strip() in ("q=0", "q=0.0", "q=0.00", "q=0.000") for it in parameters.split(";"))


def _known_query(route: APIRoute) -> frozenset[str]:
    names = set[str]()
    for field in route.dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= {it.alias or name for name, it in kind.model_fields.items()}
        else:
            names.add(field.alias)
    return frozenset(names)


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    given = [name for name, _ in request.query_params.multi_items()]
    unknown = sorted(set(given) - known)
    hint = f"this takes {', '.join(sorted(known))}" if known else "this takes no parameters"
    wrong = [Wrong("query", name[:100], "is not known here", hint) for name in unknown]
    twice = sorted({name for name in given if given.count(name) > 1} & known)
    wrong += [Wrong("query", name, "stands twice", "leave one of the two out") for name in twice]
    if wrong:
        raise invalid(*wrong)


def _reader(route: APIRoute) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """Return what reads the body of a route, and hands it on: the framework asks the request for it."""
    file = next((it.call for it in route.dependant.dependencies if isinstance(it.call, FileBody)), None)
    field = route.body_field

    async def read(request: Request) -> None:
        if file:
            request._body = await file.read(request)  # noqa: SLF001  (what Starlette itself keeps of a read body)
        elif field and not (has_none(request) and not field.field_info.is_required()):
            value = await read_json(request)
            request._body = json.dumps(value).encode()  # noqa: SLF001  (likewise)
            request._json = value  # noqa: SLF001  (likewise)
        elif request.method == "POST":  # nobody wants it, but the Idempotency-Key stands for it too
            request._body = await read_bytes(request)  # noqa: SLF001  (likewise)

    return read
