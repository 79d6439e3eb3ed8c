"""The outbox of a rehearsal: what would have left this machine, as those who would have got it would have seen it."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.services.desk import Desk
from scheduler.services.outbox import Shown, show
from scheduler.store.outbox_pages import kept_message, kept_messages
from scheduler.web.access import needs, note
from scheduler.web.api import pages
from scheduler.web.api.fields import IdOfPath, Instant, Output, Tags
from scheduler.web.api.pages import Page, Paging
from scheduler.web.api.samples_files import REHEARSED, REHEARSED_IN_FULL

TAGS: Tags = ["messages"]


class OutboxQuery(pages.Part):
    """Which of them."""

    channel: Channel | None = None


class RehearsedShown(Output):
    """One rehearsed hand-over. `opening` is an email's subject, else the first line."""

    model_config = ConfigDict(json_schema_extra={"examples": [REHEARSED]})

    id: int
    at: Instant
    channel: Channel
    clinic: str
    message: int
    kind: MessageKind
    step: str
    patient: int | None
    address: str
    opening: str

    @classmethod
    def of(cls, shown: Shown, **more: object) -> Self:
        """Show one."""
        it = shown.kept
        same = {name: getattr(it, name) for name in ("id", "at", "channel", "clinic", "kind", "step", "address")}
        about = {"message": it.message_id, "patient": it.patient_id, "opening": shown.opening}
        return cls.model_validate({**same, **about, **more})


class RehearsedInFull(RehearsedShown):
    """One with its text; an email's subject, sender and HTML are null of others. A call's text is what is posted."""

    model_config = ConfigDict(json_schema_extra={"examples": [REHEARSED_IN_FULL]})

    subject: str | None
    sender: str | None
    text: str
    html: str | None


def add_outbox(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.get("/outbox", tags=TAGS)
    def list_all(
        request: Request,
        response: Response,
        query: Annotated[OutboxQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "outbox.seen"))],
    ) -> Page[RehearsedShown]:
        """List what a rehearsal would have sent, the latest first."""
        note(request, clinic=query.clinic)
        paging = Paging(desk, request, response)
        place, scope = paging.place(query), caller.scope(Permission.READ, query.clinic)
        before = place[0] if place else None
        with desk.store.read() as tx:
            found = kept_messages(tx, scope, channel=query.channel, before=before, limit=query.limit + 1)
        return paging.page(found, query.limit, lambda it: [it.id], lambda it: RehearsedShown.of(show(it)))

    @api.get("/outbox/{outbox:record}", tags=TAGS)
    def get_one(
        outbox: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "outbox.seen"))],
    ) -> RehearsedInFull:
        """Return one with its text, as who would have got it would have seen it."""
        with desk.store.read() as tx:
            found = kept_message(tx, outbox)
        note(request, clinic=found.clinic, subject=f"message/{found.message_id}")
        caller.demand(Permission.READ, found.clinic)
        shown = show(found)
        only = {"subject": shown.subject, "sender": shown.sender, "html": shown.html}
        return RehearsedInFull.of(shown, text=shown.text, **{name: value or None for name, value in only.items()})
