"""Setup: other systems that are told of what happens, what they were told, and telling them again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.hook_events import KINDS
from scheduler.errors import AftercareError
from scheduler.services import hooks
from scheduler.services.desk import Desk
from scheduler.services.hooks import NewEndpoint
from scheduler.store.database import Tx
from scheduler.store.hook_endpoints import HookEndpoint
from scheduler.web.access import needs, note
from scheduler.web.console.numbers import Earlier, Number
from scheduler.web.console.setup_clinics import clinics_to_choose, of_one
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words

Text = Annotated[str, Form()]
PAGE = 50
NOUNS = tuple(dict.fromkeys(kind.partition(".")[0] for kind in KINDS))


def hook_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router, way = shell.router(), _Hooks(desk, shell)

    @router.get("/setup/hooks")
    def endpoints(
        request: Request, caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "hooks.seen"))]
    ) -> Response:
        """List the endpoints."""
        return way.show_all(request, caller, {"kinds": [f"{noun}.*" for noun in NOUNS]})

    @router.post("/setup/hooks")
    def add(
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "hook.added"))],
        *,
        title: Text = "",
        url: Text = "",
        clinic: Text = "",
        kinds: Annotated[list[str], Form()] = [],  # noqa: B006  (FastAPI copies it)
    ) -> Response:
        """Add an endpoint and show its secret: only now."""
        return way.add(request, caller, {"title": title, "url": url, "clinic": clinic, "kinds": kinds})

    @router.get("/setup/hooks/{endpoint_id}")
    def endpoint(
        request: Request,
        endpoint_id: Number,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "hook.seen"))],
        before: Earlier = None,
    ) -> Response:
        """Show an endpoint and what it was told."""
        return way.show(request, caller, endpoint_id, before=before)

    @router.post("/setup/hooks/{endpoint_id}/{what}")
    def act(
        request: Request,
        endpoint_id: Number,
        what: str,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "hook.changed"))],
        call: Text = "",
    ) -> Response:
        """Ping it, call again (one call, or all that were given up), change its secret, switch it on or off."""
        return way.act(request, caller, endpoint_id, what, call)

    return router


class _Hooks:
    """Answers what concerns endpoints. Its methods block."""

    def __init__(self, desk: Desk, shell: Shell) -> None:
        self._desk, self._shell = desk, shell

    def show_all(
        self,
        request: Request,
        caller: Caller,
        typed: dict[str, object],
        *,
        problem: tuple[str, str] | None = None,
    ) -> Response:
        said = words(self._shell.language(request, caller))
        with self._desk.store.read() as tx:
            found = hooks.list_endpoints(tx, caller.scope(Permission.MANAGE))
        return self._shell.page(
            request,
            caller,
            "setup/hooks.html.j2",
            status=422 if problem else 200,
            problems=[problem] if problem else (),
            endpoints=[(it, hooks.host_of(it)) for it in found],
            typed={"title": "", "url": "", "clinic": "", **typed},
            choices=clinics_to_choose(self._desk, caller, said["common"]["every_clinic"]),
            kinds=[(f"{noun}.*", said["setup"]["nouns"][noun]) for noun in NOUNS],
        )

    def add(self, request: Request, caller: Caller, typed: dict[str, object]) -> Response:
        wanted = NewEndpoint(
            str(typed["clinic"]), str(typed["url"]).strip(), str(typed["title"]), frozenset(_listed(typed["kinds"]))
        )
        # Decides by the clinic that was chosen, before it is looked at: an unknown one is nobody's.
        caller.demand(Permission.MANAGE, wanted.clinic)
        note(request, clinic=of_one(wanted.clinic))
        clinics = frozenset(self._desk.configuration.clinics)
        try:
            with self._desk.store.write() as tx:
                made = hooks.add_endpoint(tx, wanted, clinics=clinics, now=self._desk.clock.now(), by=caller.label)
        except AftercareError as error:
            return self.show_all(request, caller, typed, problem=("url", self._shell.told(request, caller, error)))
        return self.show(request, caller, made.id, secret=made.secret)

    def show(
        self,
        request: Request,
        caller: Caller,
        endpoint_id: int,
        *,
        before: int | None = None,
        secret: str | None = None,
    ) -> Response:
        with self._desk.store.read() as tx:
            found = self._found(tx, request, caller, endpoint_id)
            calls = hooks.calls_of(tx, found, before=before, limit=PAGE + 1)
        return self._shell.page(
            request,
            caller,
            "setup/hook.html.j2",
            endpoint=found,
            host=hooks.host_of(found),
            secret=secret,
            calls=[(it, hooks.state_of(it)) for it in calls[:PAGE]],
            older=calls[PAGE - 1].id if len(calls) > PAGE else None,
        )

    def act(self, request: Request, caller: Caller, endpoint_id: int, what: str, call: str) -> Response:
        now, secret = self._desk.clock.now(), None
        with self._desk.store.write() as tx:
            found = self._found(tx, request, caller, endpoint_id)
            match what:
                case "ping":
                    hooks.ping(tx, found, now=now)
                case "again" if call.isascii() and call.isdigit():
                    hooks.call_again(tx, found, int(call[:18]), now=now)
                case "again":
                    hooks.call_failed_again(tx, found, since=now - hooks.AGAIN_SINCE, now=now)
                case "secret":
                    secret = hooks.change_secret(tx, found, now=now)
                case "on" | "off":
                    hooks.switch(tx, found, on=what == "on", now=now, by=caller.label)
                case _:
                    hooks.refuse_unknown(what)
        self._desk.wake()
        if secret:
            return self.show(request, caller, endpoint_id, secret=secret)
        return self._shell.go(request, f"/setup/hooks/{endpoint_id}", said=f"setup.hook_{what}")

    def _found(self, tx: Tx, request: Request, caller: Caller, endpoint_id: int) -> HookEndpoint:
        found = hooks.visible_endpoint(tx, caller, endpoint_id)
        note(request, clinic=of_one(found.clinic), subject=f"hook/{endpoint_id}")
        return found


def _listed(kinds: object) -> list[str]:
    """Return what was ticked; all of it is the same as everything, also what comes later."""
    ticked = [str(it) for it in kinds] if isinstance(kinds, list) else []
    return ["*"] if set(ticked) == {f"{noun}.*" for noun in NOUNS} else ticked
