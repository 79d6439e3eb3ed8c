"""The calls of webhooks out: looked at, and made again."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.services import hooks
from scheduler.services.desk import Desk
from scheduler.store.hook_calls import HookCall
from scheduler.web.access import needs
from scheduler.web.api.fields import IdOfPath, Instant, Output, Tags
from scheduler.web.api.hooks import visible_endpoint
from scheduler.web.api.samples import HOOK_CALL

TAGS: Tags = ["webhooks"]
CREATED = 201


class CallShown(Output):
    """One call. `answered` is the HTTP status of its last try; finished and not delivered: given up."""

    model_config = ConfigDict(json_schema_extra={"examples": [HOOK_CALL]})

    id: int
    kind: str
    created_at: Instant
    tries: int
    answered: int | None
    error: str | None
    delivered_at: Instant | None
    finished_at: Instant | None

    @classmethod
    def of(cls, call: HookCall) -> Self:
        """Show a call."""
        return cls.model_validate({name: getattr(call, name) for name in cls.model_fields})


class CallsShown(Output):
    """The latest fifty calls of an endpoint."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [HOOK_CALL]}]})

    items: list[CallShown]


class MadeCall(Output):
    """The call that is made next."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"call": 10}]})

    call: int


class MadeCalls(Output):
    """The calls that are made next."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"calls": [10, 11]}]})

    calls: list[int]


def add_hook_calls(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""
    _add_calling(api, desk)
    _add_again(api, desk)


def _add_calling(api: APIRouter, desk: Desk) -> None:

    @api.post("/webhooks/{endpoint:record}/ping", tags=TAGS, status_code=CREATED)
    def ping(
        endpoint: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "webhook.pinged"))],
    ) -> MadeCall:
        """Call an endpoint about nothing, to see whether it works."""
        with desk.store.write() as tx:
            made = hooks.ping(tx, visible_endpoint(tx, request, caller, endpoint), now=desk.clock.now())
        desk.wake()
        return MadeCall(call=made)

    @api.get("/webhooks/{endpoint:record}/calls", tags=TAGS)
    def calls(
        endpoint: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "webhook.calls_seen"))],
    ) -> CallsShown:
        """List the latest calls of an endpoint."""
        with desk.store.read() as tx:
            found = hooks.calls_of(tx, visible_endpoint(tx, request, caller, endpoint))
        return CallsShown(items=[CallShown.of(it) for it in found])


def _add_again(api: APIRouter, desk: Desk) -> None:
    @api.post("/webhooks/{endpoint:record}/calls/again", tags=TAGS, status_code=CREATED)
    def all_again(
        endpoint: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "webhook.called_again"))],
    ) -> MadeCalls:
        """Make all calls again that were given up in the last 24 hours."""
        now = desk.clock.now()
        with desk.store.write() as tx:
            found = visible_endpoint(tx, request, caller, endpoint)
            made = hooks.call_failed_again(tx, found, since=now - hooks.AGAIN_SINCE, now=now)
        desk.wake()
        return MadeCalls(calls=made)

    @api.post("/webhooks/{endpoint:record}/calls/{call:record}/again", tags=TAGS, status_code=CREATED)
    def again(
        endpoint: IdOfPath,
        call: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "webhook.called_again"))],
    ) -> MadeCall:
        """Make a call again, whatever became of it, under the same webhook-id."""
        with desk.store.write() as tx:
            made = hooks.call_again(tx, visible_endpoint(tx, request, caller, endpoint), call, now=desk.clock.now())
        desk.wake()
        return MadeCall(call=made)
