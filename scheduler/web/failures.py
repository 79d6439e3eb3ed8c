"""What REST and FHIR do alike with failures: how they take them, and what somebody outside may know of them."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from starlette.routing import Match

from scheduler.errors import AftercareError, ConfigError, KeysError, StoreError
from scheduler.web.forms import allow_hang_ups

AWAY = "the database is away: try again in a minute"
NO_KEY = "send the header Authorization: Bearer KEY with a key that is neither revoked nor expired"
ASKS_FOR_KEY: Mapping[str, str] = {"WWW-Authenticate": 'Bearer realm="aftercare"'}
LATER: Mapping[str, str] = {"Retry-After": "60"}
_OUTSIDE: Mapping[type[AftercareError], str] = {
    KeysError: "a record can't be opened with the keys of this installation: an operator has to look at its log",
    StoreError: AWAY,
    ConfigError: "a file of the configuration has errors: an operator sees them with `aftercare check`",
}


def handle(app: FastAPI, handlers: Mapping[Any, Callable[[Request, Any], Any]]) -> None:
    """Let these answer the errors of their kinds; of several that fit, the nearest."""
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    allow_hang_ups(app)


def told_outside(error: AftercareError) -> str | None:
    """Return what may be said of a fault of the installation, whose own words are for its log; None for others."""
    return next((said for kind, said in _OUTSIDE.items() if isinstance(error, kind)), None)


def methods_at(request: Request) -> set[str]:
    """Return what may be done at a path: of several routes each knows its own only."""
    found = set[str]()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return found
