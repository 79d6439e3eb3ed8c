"""Who may call a route: declared at the route, looked up before it runs, put on record after it answered.

Every route of `/api/v1` and of `/desk` has `Depends(needs(…))` or `Depends(open_to_all(…))`; a test walks them all.
A permission is looked for anywhere first; the handler demands it at the clinic of the thing it loads
(`caller.demand`), and says what it touched (`note`). The application that has the routes sets in its `state`:
`identify` (one of the two below), `has_cookies`, `public_host` (host and port of the public URL, in lower case).
"""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from scheduler.domain.access import Caller, Permission
from scheduler.errors import AftercareError, ForbiddenError, StoreError
from scheduler.web.late import LateRoute
from scheduler.web.limits import Limit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CLINIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HERE = frozenset({"same-origin", "none"})
QUIET = "x-desk-quiet"
"""The header with which the script looks at a page again: nobody asked for that, so that it counts as no visit."""


class RefusalError(Exception):
    """Ends a request with an answer that says why: nothing was done."""


class UnauthenticatedError(Exception):
    """Nobody known stands behind the request."""


class ForeignPageError(Exception):
    """The request was made by a page of another site."""


class Gate(Protocol):
    """Tells who stands behind a request, and keeps the record. Its methods block."""

    def by_session(self, token: str, *, active: bool = True) -> Caller | None:
        """Return whose session it is, None where it is over or was never one; `active`: that keeps it open."""

    def by_key(self, bearer: str) -> Caller | None:
        """Return whose key it is, None where it is revoked, over, or none."""

    def record(self, caller: Caller, action: str, *, clinic: str | None, subject: str | None, outcome: str) -> None:
        """Put on record who did or saw what; `outcome` is done, refused or failed."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The declaration of a route that only somebody known may call.

    `permission` None: whoever is signed in. `action` goes into the audit trail, "-" for what is not worth a line.
    """

    permission: Permission | None
    action: str

    async def __call__(self, request: Request) -> Caller:
        """Return who calls. Raises UnauthenticatedError, ForeignPageError or ForbiddenError."""
        caller: Caller = await request.app.state.identify(request)
        request.state.caller = caller
        request.state.action = self.action
        if self.permission and not caller.anywhere(self.permission):
            said = f"this needs the permission '{self.permission}': ask an administrator"
            raise ForbiddenError(said, code="permission", permission=self.permission.value)
        return caller


@dataclass(frozen=True, slots=True)
class OpenToAll:
    """The declaration of a route that nobody needs an account for; `why` is for who reads the code."""

    why: str

    async def __call__(self, request: Request) -> None:
        """Refuse pages of other sites where the route changes something. Raises ForeignPageError."""
        if request.app.state.has_cookies:
            refuse_foreign(request)


def needs(permission: Permission | None, action: str) -> Needs:
    """Declare what a route needs, and what the audit trail calls it ("appointment.registered")."""
    return Needs(permission, action)


def open_to_all(why: str) -> OpenToAll:
    """Declare that everybody may call a route."""
    return OpenToAll(why)


def note(request: Request, *, clinic: str | None = None, subject: str | None = None) -> None:
    """Say what the request is about, for the record: a clinic's id, a kind and a number ("patient/12").

    What can't be a clinic's id, as an address may name anything, is not written down.
    """
    request.state.clinic = clinic if clinic is None or _CLINIC.fullmatch(clinic) else None
    request.state.subject = subject


def identify_by_session(gate: Gate, cookie: str) -> Callable[[Request], Coroutine[Any, Any, Caller]]:
    """Return what finds a signed-in person by the cookie of that name."""

    async def identify(request: Request) -> Caller:
        refuse_foreign(request)
        token, active = request.cookies.get(cookie), QUIET not in request.headers
        caller = await run_in_threadpool(gate.by_session, token, active=active) if token else None
        if caller is None:
            raise UnauthenticatedError
        return caller

    return identify


def identify_by_key(gate: Gate) -> Callable[[Request], Coroutine[Any, Any, Caller]]:
    """Return what finds a program by its bearer key."""

    async def identify(request: Request) -> Caller:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        bearer = bearer.strip()
        known = scheme.lower() == "bearer" and bearer
        caller = await run_in_threadpool(gate.by_key, bearer) if known else None
        if caller is None:
            raise UnauthenticatedError
        return caller

    return identify


def refuse_foreign(request: Request) -> None:
    """Refuse a change that another site's page asks for in somebody's name. Raises ForeignPageError.

    Browsers say where a request comes from in Sec-Fetch-Site, which no page can set; older ones in Origin. What says
    neither is no browser, and has no business with a cookie.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        here = site.lower() in _HERE
    else:
        here = bool(origin) and urlsplit(origin or "").netloc.lower() in _own_hosts(request)
    if not here:
        raise ForeignPageError


def _own_hosts(request: Request) -> frozenset[str]:
    """Return what this installation is called: in the request, and in the setting where a proxy stands before it."""
    return frozenset({request.headers.get("host", "").lower(), request.app.state.public_host})


def recorded(gate: Gate) -> type[LateRoute]:
    """Return the class of routes whose calls go on record, before the answer leaves.

    What a page asks for by itself goes on record once in ten minutes, and never not at all: the header is the
    caller's word only.
    """
    lately = Limit(0.1, 1)

    class RecordedRoute(LateRoute):
        """Writes down who called and how it ended, where the route's declaration names an action."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """Wrap the handler."""
            handle = super().get_route_handler()

            async def handle_and_record(request: Request) -> Response:
                outcome: str | None = "failed"  # whatever comes that nobody foresaw: part of it may be done
                try:
                    answer = await handle(request)
                    outcome = "done" if answer.status_code < 400 else "refused"  # noqa: PLR2004  (from there on refusals and failures)
                except StoreError:
                    outcome = None  # the database is away, and the record with it
                    raise
                except (AftercareError, RefusalError, RequestValidationError, HTTPException):
                    outcome = "refused"
                    raise
                finally:
                    if outcome:
                        await _record(gate, request, outcome, lately)
                return answer

            return handle_and_record

    return RecordedRoute


async def _record(gate: Gate, request: Request, outcome: str, lately: Limit) -> None:
    caller, action = getattr(request.state, "caller", None), getattr(request.state, "action", "-")
    if caller is None or action == "-":
        return
    clinic, subject = getattr(request.state, "clinic", None), getattr(request.state, "subject", None)
    is_new = lately.lets(f"{caller.label} {action} {clinic} {subject} {outcome}")
    if QUIET in request.headers and request.method in SAFE_METHODS and not is_new:
        return
    await run_in_threadpool(gate.record, caller, action, clinic=clinic, subject=subject, outcome=outcome)
