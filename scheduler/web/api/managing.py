"""Who may do what, and who did: API keys and the audit trail."""

from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict, Field

from scheduler.clock import Clock
from scheduler.domain.access import EVERY_CLINIC, Caller, Permission
from scheduler.services.api_keys import ApiKeys
from scheduler.services.auditing import read_audit
from scheduler.services.desk import Desk
from scheduler.services.users import manager
from scheduler.store.api_keys import ApiKey
from scheduler.store.audit import Entry, Wanted
from scheduler.web.access import needs
from scheduler.web.api import pages
from scheduler.web.api.cursors import cursor_after, link_next
from scheduler.web.api.fields import IdOfPath, Input, Instant, Output, Short, Since, Slug, Tags
from scheduler.web.api.pages import BASE, Page, Paging
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples import AUDITED, KEY, MADE_KEY, NEW_KEY

TAGS: Tags = ["management"]
CREATED = 201


class AuditQuery(pages.Query):
    """Which lines."""

    actor: Short | None = None
    action: Short | None = None
    subject: Short | None = None


class AuditShown(Output):
    """One line of the audit trail. `subject` is a kind and a number."""

    model_config = ConfigDict(json_schema_extra={"examples": [AUDITED]})

    id: int
    at: Instant
    actor: str
    action: str
    clinic: str | None
    subject: str | None
    outcome: str

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Show a line."""
        return cls.model_validate({name: getattr(entry, name) for name in cls.model_fields})


class NewKey(Input):
    """What a key is to be: `clinic` * means every clinic. Whoever may do something needs `read` too."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_KEY]})

    name: Annotated[Short, Field(max_length=60)]
    clinic: Slug | Literal["*"]
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=6)]
    expires_at: Since | None = None


class KeyShown(Output):
    """A key, without its secret, which nobody can show again."""

    model_config = ConfigDict(json_schema_extra={"examples": [KEY]})

    id: int
    name: str
    clinic: str
    permissions: list[Permission]
    created_at: Instant
    created_by: str
    expires_at: Instant | None
    used_at: Instant | None
    revoked_at: Instant | None
    revoked_by: str | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """Show a key."""
        values = {name: getattr(key, name) for name in cls.model_fields}
        return cls.model_validate({**values, "permissions": sorted(key.permissions)})


class KeysShown(Output):
    """The keys of the clinics that the caller manages, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [KEY]}]})

    items: list[KeyShown]


class MadeKeyShown(Output):
    """A new key. `bearer` is what its program sends; it is shown this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [MADE_KEY]})

    key: KeyShown
    bearer: str


def add_managing(api: APIRouter, desk: Desk, clock: Clock) -> None:
    """Add the routes. `clock` is the machine's own: keys end by it."""
    keys = ApiKeys(desk.store, clock, {it.id: it.name for it in desk.configuration.clinics.values()})

    @api.get("/audit", tags=TAGS)
    def audit(
        request: Request,
        response: Response,
        query: Annotated[AuditQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "audit.seen"))],
    ) -> Page[AuditShown]:
        """Read the audit trail: who did and saw what, the latest first."""
        since, until = query.range()
        place = Paging(desk, request, response).place(query)
        wanted = Wanted(query.actor, query.action, query.clinic, query.subject, since, until)
        found = read_audit(desk.store, caller, wanted, before=place[0] if place else None, limit=query.limit)
        cursor = cursor_after(desk.store.vault, request, [found.next]) if found.next else None
        link_next(request, response, desk.settings.public_url.rstrip("/") + BASE, cursor)
        return Page(items=[AuditShown.of(it) for it in found.entries], next=cursor)

    @api.get("/keys", tags=TAGS)
    def list_all(caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "keys.listed"))]) -> KeysShown:
        """List the API keys."""
        return KeysShown(items=[KeyShown.of(it) for it in keys.seen_by(manager(caller))])

    @api.post("/keys", tags=TAGS, status_code=CREATED)
    def create(body: NewKey, caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "-"))]) -> MadeKeyShown:
        """Make an API key. The caller can give no more than it has."""
        if body.clinic != EVERY_CLINIC:
            caller.demand(Permission.MANAGE, body.clinic)
        caller_may = {*caller.allowed.get(body.clinic, ()), *caller.allowed.get(EVERY_CLINIC, ())}
        if beyond := sorted(set(body.permissions) - caller_may):
            hint = "a key gives no more than it has"
            raise invalid(Wrong("body", "permissions", f"you do not have {', '.join(beyond)} there", hint))
        made = keys.create(
            body.name, body.clinic, body.permissions, manager(caller), expires_at=_end(body.expires_at)
        )
        return MadeKeyShown(key=KeyShown.of(made.key), bearer=made.bearer)

    @api.delete("/keys/{key:record}", tags=TAGS)
    def revoke(key: IdOfPath, caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "-"))]) -> KeyShown:
        """Let a key open nothing any more, from this moment on."""
        keys.revoke(key, manager(caller))
        found = next(it for it in keys.seen_by(manager(caller)) if it.id == key)
        return KeyShown.of(found)


def _end(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise invalid(
            Wrong("body", "expires_at", "names a day or a time that does not exist", "look at the calendar")
        ) from None
