"""People's links to the calendar of what goes out: whether there is one, made anew, ended."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict

from scheduler.clock import Clock
from scheduler.domain.access import Caller, Permission
from scheduler.errors import NotFoundError
from scheduler.services.agenda import Agendas
from scheduler.services.desk import Desk
from scheduler.services.identity import identity_of
from scheduler.services.users import Users, manager
from scheduler.web.access import needs, note
from scheduler.web.api.fields import IdOfPath, Instant, Output, Tags
from scheduler.web.api.samples_bookings import AGENDA, MADE_AGENDA
from scheduler.web.api.users import refuse_beyond, seen_user

TAGS: Tags = ["management"]
CREATED = 201


class AgendaShown(Output):
    """A person's link: when it was made, and when a calendar program read it last; nulls: there is none."""

    model_config = ConfigDict(json_schema_extra={"examples": [AGENDA]})

    user: int
    made_at: Instant | None
    used_at: Instant | None


class MadeAgenda(Output):
    """A new link. Whoever has the address reads the calendar: it is shown this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [MADE_AGENDA]})

    user: int
    address: str


def add_agenda_links(api: APIRouter, desk: Desk, clock: Clock) -> None:
    """Add the routes. `clock` is the machine's own, by which users are kept."""
    agendas = Agendas(desk.store, desk.configuration, desk.links, desk.clock)
    users = identity_of(desk.store, desk.configuration, clock=clock).users

    @api.get("/users/{user:record}/agenda", tags=TAGS)
    def get_one(
        user: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "agenda.seen"))],
    ) -> AgendaShown:
        """Say whether a person has a link to the calendar of what goes out."""
        note(request, subject=f"user/{user}")
        seen_user(users, caller, user)
        return _shown(agendas, user)

    @api.post("/users/{user:record}/agenda", tags=TAGS, status_code=CREATED)
    def renew(
        user: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "agenda.made"))],
    ) -> MadeAgenda:
        """Make a person's link, in place of the one there was. The caller gives no more than it has."""
        note(request, subject=f"user/{user}")
        _refuse_beyond(users, caller, user)
        agendas.renew(user)
        found = agendas.link_of(user)
        if found is None:  # ended by another request meanwhile
            raise NotFoundError
        return MadeAgenda(user=user, address=found[1])

    @api.delete("/users/{user:record}/agenda", tags=TAGS)
    def end(
        user: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "agenda.ended"))],
    ) -> AgendaShown:
        """Let a person's link open nothing any more, such as of a phone that was lost."""
        note(request, subject=f"user/{user}")
        _refuse_beyond(users, caller, user)
        agendas.end(user)
        return _shown(agendas, user)


def _shown(agendas: Agendas, user: int) -> AgendaShown:
    found = agendas.link_of(user)
    return AgendaShown(user=user, made_at=found and found[0].made_at, used_at=found and found[0].used_at)


def _refuse_beyond(users: Users, caller: Caller, user: int) -> None:
    """Refuse to hand out or end what shows more than the caller may see: who has the link reads as that person."""
    seen_user(users, caller, user)
    for clinic, role in users.of_mine_alone(user, manager(caller)).grants.items():
        refuse_beyond(caller, clinic, role)
