"""An office with something of every kind at two clinics, and its routes with what each of them declares."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from scheduler.content.notices import ALERTS
from scheduler.domain.access import PERMISSIONS_OF, Permission, Role, Scope
from scheduler.domain.brakes import Scope as BrakeScope
from scheduler.domain.protocol import Channel
from scheduler.services import uploading
from scheduler.services.hooks import NewEndpoint, add_endpoint
from scheduler.services.pausing import pause
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk
from scheduler.store.api_keys import list_keys
from scheduler.store.outbox_pages import kept_messages
from scheduler.store.replies import SMS
from scheduler.web.access import Needs, OpenToAll
from tests.services.house import CHECK, PREPARE, House
from tests.services.replying import words
from tests.web.desk import Visitor, desk_app, desk_of, make_key, make_user, signed_in, stranger, with_key

NORTH, SOUTH = "north", "south"
_PHONES = {NORTH: ("+14165550123", "+14165550109"), SOUTH: ("+34600000123", "+34600000000")}
_FILES = {
    NORTH: b"Start,Client,Mobile,Service\n2030-01-01 10:00,Zoe Sample,+14165550123,Peel\n",
    SOUTH: b"starts_at,name,email,treatment\n2030-01-01T10:00,Zoe Sample,zoe@south.example,peel\n",
}
_numbers = count(1)


@dataclass(frozen=True)
class Declared:
    """A route of the desk: `needs` is what it declares; None where everybody may come."""

    method: str
    path: str
    declared: tuple[Needs | OpenToAll, ...]
    queries: frozenset[str]
    route: APIRoute

    @property
    def needs(self) -> Needs | None:
        (one,) = self.declared
        return one if isinstance(one, Needs) else None

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/api/")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes(app: FastAPI) -> list[Declared]:
    """Return every route of the parts that need an account or a key."""
    mounts = [it for it in app.routes if isinstance(it, Mount)]
    return [one for mount in mounts for one in _of(mount.path, mount.app.routes)]  # type: ignore[attr-defined]


def _of(prefix: str, found: list[BaseRoute]) -> Iterator[Declared]:
    for route in found:
        if isinstance(route, APIRoute):
            declared = tuple(_declared(route.dependant))
            queries = frozenset(it.alias for it in _queries(route.dependant))
            path = prefix + re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield Declared(method, path, declared, queries, route)
        else:
            inner = getattr(route, "original_router", None)
            yield from _of(prefix, inner.routes if inner else getattr(route, "routes", []))


def _declared(dependant: Dependant) -> Iterator[Needs | OpenToAll]:
    for one in dependant.dependencies:
        if isinstance(one.call, (Needs, OpenToAll)):
            yield one.call
        yield from _declared(one)


def _queries(dependant: Dependant) -> Iterator[Any]:
    yield from dependant.query_params
    for one in dependant.dependencies:
        yield from _queries(one)


@dataclass(frozen=True)
class Things:
    """The numbers of what there is at one clinic, by what stands before them in an address."""

    clinic: str
    numbers: Mapping[str, object]

    def path(self, template: str) -> str:
        """Put the numbers into an address. Raises KeyError for one that this does not know: teach it."""
        parts = template.split("/")
        for index, part in enumerate(parts):
            if part.startswith("{"):
                parts[index] = str(self._value(parts, index))
        return "/".join(parts)

    def _value(self, parts: list[str], index: int) -> object:
        before, name = parts[index - 1], parts[index].strip("{}")
        if parts[index - 2] == "inbox":  # /inbox/{kind}/{number}: the kind was put in just now
            return self.numbers[before]
        return self.numbers[before if before in self.numbers else name]


@dataclass
class Office:
    """The application over a store that has something of every kind at two clinics."""

    house: House
    app: FastAPI
    things: Mapping[str, Things]

    @classmethod
    def open(cls, house: House) -> "Office":
        things = {clinic: _furnish(house, clinic) for clinic in (NORTH, SOUTH)}
        return cls(house, desk_app(house), things)

    def visitor(self, role: Role, clinic: str, *, program: bool) -> Visitor:
        """Return somebody new of a role at a clinic: a program with such a key, or a person who signed in."""
        if program:
            return with_key(self.app, self.house.store, PERMISSIONS_OF[role], clinic)
        return signed_in(self.app, self.house.store, role, clinic)

    def ask(self, route: Declared, visitor: Visitor | None, clinic: str) -> httpx.Response:
        """Call a route about what a clinic has; visitor None: somebody who is not known."""
        who = visitor or stranger(self.app)
        if visitor is None and route.is_api:
            who = Visitor(self.app, headers={})
        path = self.things[clinic].path(route.path)
        wanted = {"clinic": clinic, "language": "en"}
        query = "?" + "&".join(f"{it}={value}" for it, value in wanted.items() if it in route.queries)
        return who.ask(route.method, path + query, **_body(route, clinic))


def _body(route: Declared, clinic: str) -> dict[str, Any]:
    """Return a body that such a route takes: the example of the API's own description, or an empty form."""
    if route.method in {"GET", "DELETE"}:
        return {}
    if not route.is_api:
        return {"data": {"clinic": clinic}}
    example = _example(route.route)
    if route.path.endswith("/pauses"):
        example = {"clinic": clinic}
    elif isinstance(example, dict) and "clinic" in example:
        example = {**example, "clinic": clinic}
    return {"json": example} if example is not None else {}


def _example(route: APIRoute) -> Any:
    """Return the first example of a route's body."""
    field = route.body_field
    if field is None:
        return None
    model = field.field_info.annotation
    config = getattr(model, "model_config", {})
    examples = (config.get("json_schema_extra") or {}).get("examples") or []
    return examples[0] if examples else {}


def _furnish(house: House, clinic: str) -> Things:
    phone, receiver = _PHONES[clinic]
    house.clock.move_to(datetime(2026, 3, 10, 15, tzinfo=UTC))
    desk = desk_of(house)
    visit = house.register(clinic=clinic, phone=phone, email=f"zoe@{clinic}.example", external_id=f"B-{clinic}")
    house.dispatch(PREPARE)
    house.dispatch(CHECK)
    message = house.message(visit, "tips").id
    house.clock.move_to(CHECK + timedelta(hours=1))
    now = house.clock.now()
    with house.store.write() as tx:
        heard = Incoming(f"SM{next(_numbers):032}", SMS, phone, receiver, "", "2 still red", received_at=now)
        taken = ReplyDesk(house.configuration, words, by="test").take_in(tx, heard, now=now)
    assert taken
    with house.store.write() as tx:
        held = pause(tx, BrakeScope(clinic=clinic), why="closed", by="test", now=now)
        hook = add_endpoint(
            tx,
            NewEndpoint(clinic, "https://clinic.example/hooks", "Booking"),
            clinics=frozenset({NORTH, SOUTH}),
            now=now,
            by="test",
        )
    make_key(house.store, [Permission.READ], clinic)
    user = make_user(house.store, f"ben-{clinic}", Role.VIEWER, clinic)
    upload = uploading.bring(desk, clinic, "a.csv", _FILES[clinic], by="test")
    return Things(
        clinic,
        _numbers_of(house, clinic, visit)
        | {
            "appointments": visit,
            "visits": visit,
            "messages": message,
            "replies": taken.reply_id,
            "users": user,
            "hooks": hook.id,
            "import": upload,
            "uploads": upload,
            "pauses": held.order.id,
        },
    )


def _numbers_of(house: House, clinic: str, visit: int) -> dict[str, object]:
    with house.store.read() as tx:
        key = list_keys(tx, Scope(frozenset({clinic})))[0].id
        kept = kept_messages(tx, Scope(frozenset({clinic})), channel=Channel.EMAIL, limit=1)[0].id
    return {
        "patients": house.appointment(visit).patient_id,
        "alerts": 1 if clinic == NORTH else 2,
        "keys": key,
        "outbox": kept,
        "steps": "tips",
        "link": "unknown",
        "undo": 1,
        "inbox": "replies",
        "{endpoint_id}": "ping",
        "schedules": "peel",
        "other-texts": ALERTS[0],
        "treatment": "peel",
        "step": "prepare",
        "channel": "sms",
        "purpose": "care",
        "what": "ping",
    }
