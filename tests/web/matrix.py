"""An office with something of every kind at two clinics and at none, and its routes with what each declares."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, get_args

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import BaseRoute, Mount

from scheduler.content.notices import ALERTS
from scheduler.domain.access import Permission, Role, Scope
from scheduler.domain.alert import AlertKind
from scheduler.domain.brakes import Scope as BrakeScope
from scheduler.domain.protocol import Channel
from scheduler.domain.sources import Calendar
from scheduler.services import uploading
from scheduler.services.alerts import raise_alert
from scheduler.services.hooks import NewEndpoint, add_endpoint, ping
from scheduler.services.pausing import pause
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk
from scheduler.store.alerts import alerts_of_reply
from scheduler.store.api_keys import list_keys
from scheduler.store.booking_events import add_booking_event
from scheduler.store.outbox_pages import kept_messages
from scheduler.store.replies import SMS
from scheduler.web.access import Needs, OpenToAll
from tests.fhir.system import appointment, patient, procedure, put
from tests.services.house import CHECK, PREPARE, House
from tests.services.replying import words
from tests.web.desk import HERE, Visitor, desk_app, desk_of, make_key, make_user

NORTH, SOUTH = "north", "south"
_PHONES = {NORTH: ("+14165550123", "+14165550109"), SOUTH: ("+34600000123", "+34600000000")}
_FILES = {
    NORTH: b"Start,Client,Mobile,Service\n2030-01-01 10:00,Zoe Sample,+14165550123,Peel\n",
    SOUTH: b"starts_at,name,email,treatment\n2030-01-01T10:00,Zoe Sample,zoe@south.example,peel\n",
}
_READ_BY_HAND = frozenset({"/desk/appointments", "/desk/deliveries", "/desk/deliveries.csv"})
"""Lists that look at `?clinic=` themselves."""
_FORMS_OF_A_CLINIC = frozenset(
    {
        "POST /desk/appointments",
        "POST /desk/appointments/new",
        "POST /desk/appointments/search",
        "POST /desk/schedules/pending-edit",
        "POST /desk/schedules/{treatment}/{step}/test",
        "POST /desk/setup/hooks",
        "POST /desk/setup/keys",
        "POST /desk/setup/users/new",
    }
)
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
    def names_a_clinic(self) -> bool:
        """Whether what is sent says of which clinic it is."""
        if not self.is_api:
            return str(self) in _FORMS_OF_A_CLINIC
        example = _example(self.route) if self.method != "GET" else None
        return isinstance(example, dict) and "clinic" in example

    @property
    def is_api(self) -> bool:
        return self.path.startswith(("/api/", "/fhir/"))

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes(app: FastAPI) -> list[Declared]:
    """Return every route of the parts that need an account or a key."""
    mounts = [it for it in app.routes if isinstance(it, Mount)]
    return [one for mount in mounts for one in _of(mount.path, mount.app.routes)]  # type: ignore[attr-defined]  # a FastAPI app each


def _of(prefix: str, found: list[BaseRoute]) -> Iterator[Declared]:
    for route in found:
        if isinstance(route, APIRoute):
            declared = tuple(_declared(route.dependant))
            path = prefix + re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
            queries = frozenset(_queries(route.dependant)) | ({"clinic"} if path in _READ_BY_HAND else set())
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


def _queries(dependant: Dependant) -> Iterator[str]:
    """Yield the names in the query, also those of a model that stands for all of them."""
    for known in dependant.query_params:
        kind = known.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (it.alias or name for name, it in kind.model_fields.items())
        else:
            yield known.alias
    for one in dependant.dependencies:
        yield from _queries(one)


@dataclass(frozen=True)
class Things:
    """The numbers of what there is at one clinic, or at none, by what stands before them in an address."""

    clinic: str | None
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
    """The application over a store that has something of every kind at two clinics. Close it: it holds a loop."""

    house: House
    app: FastAPI
    things: Mapping[str | None, Things]
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    _client: httpx.AsyncClient | None = None

    @classmethod
    def open(cls, house: House) -> "Office":
        _with_calendars(house)
        things: dict[str | None, Things] = {clinic: _furnish(house, clinic) for clinic in (NORTH, SOUTH)}
        things[None] = Things(None, _of_nobody(house))
        return cls(house, desk_app(house), things)

    def close(self) -> None:
        if self._client:
            self.runner.run(self._client.aclose())
        self.runner.close()

    def ask(self, route: Declared, visitor: Visitor, clinic: str | None) -> httpx.Response:
        """Call a route about what a clinic has, or what belongs to none."""
        wanted = {"clinic": clinic, "language": "en"}
        query = {name: it for name, it in wanted.items() if it and name in route.queries}
        kept = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
        body = _body(route, clinic)
        headers = {"Cookie": kept, **visitor.headers, **body.pop("headers", {})}
        path = self.things[clinic].path(route.path)
        return self.runner.run(self._send(route.method, path, headers=headers, params=query, **body))

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send it from the one loop, whose threads and connections stay: a new one for each call takes longer."""
        self._client = self._client or httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=HERE)
        self._client.cookies.clear()
        return await self._client.request(method, path, **more)

    def content(self) -> dict[str, list[str]]:
        """Return all that is stored, but for who came when and what is on record of it."""
        with self.house.store.read() as tx:
            names = set(sa.inspect(tx.connection).get_table_names()) - {"audit", "api_keys", "sessions"}
            rows = {name: tx.connection.execute(sa.text(f'SELECT * FROM "{name}"')).all() for name in names}
        return {name: sorted(map(repr, found)) for name, found in rows.items()}


def _body(route: Declared, clinic: str | None) -> dict[str, Any]:
    """Return a body that such a route takes: the example of the API's own description, or an empty form."""
    if route.method in {"GET", "DELETE"}:
        return {}
    if not route.is_api:
        return {"data": {"clinic": clinic or "", "role": "viewer", "language": "en", "channel": "sms"}}
    if route.path.endswith(("/imports", "/imports/guess")):
        return {"content": _FILES[clinic or NORTH], "headers": {"Content-Type": "text/csv"}}
    if route.path.startswith("/fhir/"):
        return {"json": _fhir(route.path), "headers": {"Content-Type": "application/fhir+json"}}
    example = _example(route.route)
    if isinstance(example, dict) and "clinic" in example:
        example = {**example, "clinic": clinic}
    return {"json": example} if example is not None else {}


def _fhir(path: str) -> Any:
    """Return what such an address takes."""
    samples = {"Patient": patient("x1"), "Appointment": appointment("x1"), "Procedure": procedure("x1")}
    return next(
        (it for name, it in samples.items() if name in path.split("/")),
        {"resourceType": "Bundle", "type": "transaction", "entry": [put(samples["Patient"])]},
    )


def _example(route: APIRoute) -> Any:
    """Return the first example of a route's body; of pauses one of a whole clinic."""
    if route.body_field is None:
        return None
    if route.path == "/pauses":
        return {"clinic": NORTH}
    kinds = [route.body_field.field_info.annotation, *get_args(route.body_field.field_info.annotation)]
    model = next((it for it in kinds if isinstance(it, type) and issubclass(it, BaseModel)), None)
    config = getattr(model, "model_config", {})
    examples = (config.get("json_schema_extra") or {}).get("examples") or []
    return examples[0] if examples else {}


def _with_calendars(house: House) -> None:
    """Let each clinic have a booking calendar; its address is not set, so that nobody is asked."""
    known = house.configuration.clinics
    clinics = {name: replace(it, bookings=(Calendar("book", "NO_CALENDAR"),)) for name, it in known.items()}
    house.configuration = replace(house.configuration, clinics=clinics)


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
        called = ping(tx, hook, now=now)
        told = add_booking_event(
            tx, unique_id=f"{clinic}/1", clinic=clinic, source="gone", payload=b"{}", now=now - timedelta(days=1)
        )
    make_key(house.store, [Permission.READ], clinic)
    user = make_user(house.store, f"ben-{clinic}", Role.VIEWER, clinic)
    upload = uploading.bring(desk, clinic, "a.csv", _FILES[clinic], by="test")
    return Things(
        clinic,
        _numbers_of(house, clinic, visit, taken.reply_id)
        | {
            "appointments": visit,
            "visits": visit,
            "messages": message,
            "replies": taken.reply_id,
            "users": user,
            "hooks": hook.id,
            "webhooks": hook.id,
            "calls": called,
            "bookings": told,
            "booking-systems": clinic,
            "calendars": clinic,
            "source": "book",
            "grants": clinic,
            "import": upload,
            "imports": upload,
            "uploads": upload,
            "pauses": held.order.id,
            "r4": clinic,
            "resource_id": "x1",
        },
    )


def _numbers_of(house: House, clinic: str, visit: int, reply: int) -> dict[str, object]:
    with house.store.read() as tx:
        key = list_keys(tx, Scope(frozenset({clinic})))[0].id
        alert = alerts_of_reply(tx, reply)[0].id
        kept = kept_messages(tx, Scope(frozenset({clinic})), channel=Channel.EMAIL, limit=1)[0].id
    return {
        "patients": house.appointment(visit).patient_id,
        "alerts": alert,
        "keys": key,
        "outbox": kept,
        "steps": "tips",
        "link": "unknown",
        "undo": 987654,
        "undos": 987654,
        "applies": 987654,
        "texts": ALERTS[0],
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


def _of_nobody(house: House) -> dict[str, object]:
    """Let somebody write whom nobody knows, to nobody's number, and let something be wrong that is no clinic's."""
    now = house.clock.now()
    with house.store.write() as tx:
        heard = Incoming(
            f"SM{next(_numbers):032}", SMS, "+14165550177", "+14165550999", "", "who is this", received_at=now
        )
        taken = ReplyDesk(house.configuration, words, by="test").take_in(tx, heard, now=now)
        alert = raise_alert(tx, AlertKind.CIRCUIT, "circuit/sms", reasons=(), now=now)
    assert taken
    assert alert
    return {"replies": taken.reply_id, "alerts": alert.id, "inbox": "replies"}
