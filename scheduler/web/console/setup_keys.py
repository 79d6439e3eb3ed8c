"""Setup: the API keys of programs: made, shown once, revoked."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.errors import AftercareError
from scheduler.services.api_keys import MadeKey
from scheduler.services.desk import Desk
from scheduler.services.identity import identity_of
from scheduler.services.users import manager
from scheduler.web.access import needs
from scheduler.web.console.numbers import Number
from scheduler.web.console.setup_clinics import clinics_to_choose
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words

Text = Annotated[str, Form()]
Changer = Annotated[Caller, Depends(needs(Permission.MANAGE, "-"))]
"""The use cases themselves put on record what was decided."""

LASTS = ("30", "90", "365", "")
"""For how many days a key may be made; "": until it is revoked."""


def key_pages(desk: Desk, shell: Shell) -> APIRouter:
    """Return the routes."""
    router, way = shell.router(), _Keys(desk, shell)

    @router.get("/setup/keys")
    def keys(request: Request, caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "keys.seen"))]) -> Response:
        """List the keys."""
        return way.show(request, caller, {"may": [Permission.READ.value], "days": LASTS[1]})

    @router.post("/setup/keys")
    def create(
        request: Request,
        caller: Changer,
        *,
        name: Text = "",
        clinic: Text = "",
        may: Annotated[list[str], Form()] = [],  # noqa: B006  (FastAPI copies it)
        days: Text = "",
    ) -> Response:
        """Make a key and show it: only now."""
        return way.create(request, caller, {"name": name, "clinic": clinic, "may": may, "days": days})

    @router.post("/setup/keys/{key_id}/revoke")
    def revoke(request: Request, key_id: Number, caller: Changer) -> Response:
        """Let a key open nothing any more."""
        way.keys.revoke(key_id, manager(caller))
        return shell.go(request, "/setup/keys", said="setup.key_revoked")

    return router


class _Keys:
    """Answers what concerns keys. Its methods block."""

    def __init__(self, desk: Desk, shell: Shell) -> None:
        identity = identity_of(desk.store, desk.configuration)
        self._desk, self._shell, self._clock, self.keys = desk, shell, identity.clock, identity.keys

    def show(
        self,
        request: Request,
        caller: Caller,
        typed: dict[str, object],
        *,
        problem: tuple[str, str] | None = None,
        made: MadeKey | None = None,
    ) -> Response:
        said = words(self._shell.language(request, caller))
        return self._shell.page(
            request,
            caller,
            "setup/keys.html.j2",
            status=422 if problem else 200,
            problems=[problem] if problem else (),
            keys=self.keys.seen_by(manager(caller)),
            now=self._clock.now(),
            made=made,
            typed={"name": "", "clinic": "", **typed},
            choices=clinics_to_choose(self._desk, caller, said["common"]["every_clinic"]),
            permissions=[(it.value, said["setup"]["may"][it.value]) for it in Permission],
            lasts=[(days, said["setup"]["days"][days or "ever"]) for days in LASTS],
        )

    def create(self, request: Request, caller: Caller, typed: dict[str, object]) -> Response:
        wanted = typed["may"] if isinstance(typed["may"], list) else []
        days = str(typed["days"])
        lasts = timedelta(days=int(days)) if days in LASTS and days else None
        try:
            made = self.keys.create(
                str(typed["name"]),
                str(typed["clinic"]),
                [Permission(it) for it in wanted if it in set(Permission)],
                manager(caller),
                expires_at=self._clock.now() + lasts if lasts else None,
            )
        except AftercareError as error:
            return self.show(request, caller, typed, problem=("name", self._shell.told(request, caller, error)))
        return self.show(request, caller, {"may": [Permission.READ.value], "days": LASTS[1]}, made=made)
