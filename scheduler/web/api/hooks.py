"""Webhooks out: who is told of what happens. What became of the calls is in `hook_calls`."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field

from scheduler.domain.access import Caller, Permission
from scheduler.errors import RegistrationError
from scheduler.services import hooks
from scheduler.services.desk import Desk
from scheduler.store.database import Tx
from scheduler.store.hook_endpoints import HookEndpoint
from scheduler.web.access import needs, note
from scheduler.web.api.etags import refuse_changed, tag_of
from scheduler.web.api.fields import IdOfPath, Input, Instant, Output, Short, Slug, Tags, Yes
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples import HOOK, HOOK_EDIT, MADE_HOOK, NEW_HOOK

TAGS: Tags = ["webhooks"]
CREATED = 201
Url = Annotated[str, Field(min_length=8, max_length=2000, pattern=r"^https?://[!-~]+$")]
Kinds = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z_.*]+$")]],
    Field(min_length=1, max_length=50),
]


class NewHook(Input):
    """Who is to be told, of what; `clinic` * means every clinic, `kinds` ["*"] everything."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_HOOK]})

    clinic: Slug | Literal["*"]
    url: Url
    title: Short
    kinds: Kinds = Field(default_factory=lambda: ["*"])


class HookEdit(Input):
    """What is to be changed; what is left out stays. Switched on again it is told of what happened meanwhile too."""

    model_config = ConfigDict(json_schema_extra={"examples": [HOOK_EDIT]})

    url: Url | None = None
    title: Short | None = None
    kinds: Kinds | None = None
    enabled: Yes | None = None


class HookShown(Output):
    """One endpoint, without its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [HOOK]})

    id: int
    clinic: str
    url: str
    title: str
    kinds: list[str]
    created_at: Instant
    created_by: str
    disabled_at: Instant | None
    disabled_by: str | None

    @classmethod
    def of(cls, endpoint: HookEndpoint) -> Self:
        """Show an endpoint."""
        values = {name: getattr(endpoint, name) for name in cls.model_fields}
        return cls.model_validate({**values, "kinds": sorted(endpoint.kinds)})


class HooksShown(Output):
    """The endpoints of the clinics that the caller manages."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [HOOK]}]})

    items: list[HookShown]


class MadeHook(Output):
    """A new endpoint, and the secret by which its calls are signed (Standard Webhooks)."""

    model_config = ConfigDict(json_schema_extra={"examples": [MADE_HOOK]})

    endpoint: HookShown
    secret: str


def add_hooks(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _add_reading(api, desk)
    _add_changing(api, desk)


def _add_reading(api: APIRouter, desk: Desk) -> None:
    @api.get("/webhooks", tags=TAGS)
    def list_all(caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "webhooks.listed"))]) -> HooksShown:
        """List the endpoints."""
        with desk.store.read() as tx:
            found = hooks.list_endpoints(tx, caller.scope(Permission.MANAGE))
        return HooksShown(items=[HookShown.of(it) for it in found])

    @api.get("/webhooks/{endpoint:record}", tags=TAGS)
    def get_one(
        endpoint: IdOfPath,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "webhook.seen"))],
    ) -> HookShown:
        """Return an endpoint."""
        with desk.store.read() as tx:
            shown = HookShown.of(visible_endpoint(tx, request, caller, endpoint))
        response.headers["ETag"] = tag_of(shown)
        return shown


def _add_changing(api: APIRouter, desk: Desk) -> None:
    @api.post("/webhooks", tags=TAGS, status_code=CREATED)
    def create(
        body: NewHook,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "webhook.added"))],
    ) -> MadeHook:
        """Add an endpoint for what happens from now on; the answer has its secret."""
        caller.demand(Permission.MANAGE, body.clinic)
        wanted = hooks.NewEndpoint(body.clinic, body.url, body.title, frozenset(body.kinds))
        clinics = frozenset(desk.configuration.clinics)
        with desk.store.write() as tx:
            try:
                made = hooks.add_endpoint(tx, wanted, clinics=clinics, now=desk.clock.now(), by=caller.label)
            except RegistrationError as error:
                raise invalid(Wrong("body", "url", str(error))) from None
        note(request, clinic=None if made.clinic == "*" else made.clinic, subject=f"webhook/{made.id}")
        return MadeHook(endpoint=HookShown.of(made), secret=made.secret)

    @api.patch("/webhooks/{endpoint:record}", tags=TAGS)
    def edit(
        endpoint: IdOfPath,
        body: HookEdit,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "webhook.changed"))],
    ) -> HookShown:
        """Change an endpoint, switch it off, or on again."""
        with desk.store.write() as tx:
            found = visible_endpoint(tx, request, caller, endpoint)
            refuse_changed(request, HookShown.of(found))
            kinds = frozenset(body.kinds) if body.kinds else None
            try:
                hooks.change_endpoint(tx, endpoint, title=body.title, url=body.url, kinds=kinds)
            except RegistrationError as error:
                raise invalid(Wrong("body", "url", str(error))) from None
            if body.enabled is not None:
                hooks.switch(tx, found, on=body.enabled, now=desk.clock.now(), by=caller.label)
            shown = HookShown.of(hooks.visible_endpoint(tx, caller, endpoint))
        desk.wake()
        response.headers["ETag"] = tag_of(shown)
        return shown

    @api.post("/webhooks/{endpoint:record}/secret", tags=TAGS, status_code=CREATED)
    def renew(
        endpoint: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "webhook.secret_changed"))],
    ) -> MadeHook:
        """Give an endpoint another secret; for a day calls are signed by both."""
        with desk.store.write() as tx:
            found = visible_endpoint(tx, request, caller, endpoint)
            secret = hooks.change_secret(tx, found, now=desk.clock.now())
        return MadeHook(endpoint=HookShown.of(found), secret=secret)


def visible_endpoint(tx: Tx, request: Request, caller: Caller, endpoint: int) -> HookEndpoint:
    """Return an endpoint that the caller manages. Raises NotFoundError or ForbiddenError."""
    found = hooks.visible_endpoint(tx, caller, endpoint)
    note(request, clinic=None if found.clinic == "*" else found.clinic, subject=f"webhook/{found.id}")
    return found
