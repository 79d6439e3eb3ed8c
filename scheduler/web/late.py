"""Routes that are made ready when they are first asked for, and routers that take others' routes as they are.

The applications have some two hundred routes, and making all of them ready (their parameters, what checks these)
takes a fifth of a second at each start and at each edit of the files; the few that are asked for, next to nothing.
"""

from collections.abc import Callable, Iterable
from functools import partial
from threading import RLock
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import compile_path, get_name

_turn = RLock()


class LateRoute(APIRoute):
    """Knows its path, its methods and its name at once, and all else when the first request, or reader, wants it.

    What is wrong with its parameters is raised then, and not where it is declared: a test has to call each route.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: Iterable[str] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> None:
        self.path = path
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self.endpoint = endpoint
        self.methods = {it.upper() for it in methods or ("GET",)}
        self.name = get_name(endpoint) if name is None else name
        self._make_ready: Callable[[], None] = partial(
            super().__init__, path, endpoint, methods=list(self.methods), name=name, **options
        )

    def __getattr__(self, name: str) -> Any:
        """Make the route ready, where that is still to be done: only what is missing is asked for here."""
        with _turn:  # requests come on one thread, but readers of the document that describes them on others
            if make_ready := self.__dict__.pop("_make_ready", None):
                make_ready()
        return object.__getattribute__(self, name)


def join(router: APIRouter, *others: APIRouter) -> None:
    """Let a router answer for the routes of others: `include_router` would make each of them a second time."""
    for other in others:
        router.routes.extend(other.routes)
