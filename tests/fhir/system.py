"""A clinic's system that speaks FHIR, and sample resources: the shapes of R4's examples, with people made up here.

done = system.put("Patient", patient())
done = system.transaction(post(patient(), "urn:uuid:p"), post(appointment(patient="urn:uuid:p")))
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from scheduler.domain.access import Permission, Scope
from scheduler.services.api_keys import ApiKeys
from scheduler.services.gate import Gate
from scheduler.services.users import Manager
from scheduler.store.tables import appointments
from scheduler.web.app import create_app
from scheduler.web.fhir.app import PATH, create_fhir
from tests.services.house import House
from tests.web.desk import HERE, desk_of

Resource = dict[str, Any]
FHIR = "application/fhir+json"
START, END = "2026-03-18T10:00:00-04:00", "2026-03-18T11:00:00-04:00"
"""The visit of `tests.services.house`."""


_numbers = count(1)


@dataclass
class System:
    """Sends resources with a key; `clinic` is whose server it speaks to."""

    house: House
    app: FastAPI
    key: str | None
    clinic: str = "north"

    @classmethod
    def at(cls, house: House, *permissions: Permission, clinic: str = "north") -> "System":
        gate = Gate(house.store, house.clock)
        app = create_app(
            well=lambda: True, parts={PATH: create_fhir(desk_of(house, public_url=house.settings.public_url), gate)}
        )
        return cls(house, app, None, clinic).with_key(*permissions)

    def with_key(self, *permissions: Permission, clinic: str | None = None) -> "System":
        """Return it with another key: of this clinic, for bookings, unless it is said otherwise."""
        keys = ApiKeys(self.house.store, self.house.clock, self.house.configuration.clinics)
        may = permissions or (Permission.READ, Permission.BOOK)
        made = keys.create(f"fhir-{next(_numbers)}", clinic or self.clinic, may, Manager("test", Scope(None)))
        return System(self.house, self.app, made.bearer, self.clinic)

    def post(self, resource: Any, **headers: str) -> httpx.Response:
        return self.ask("POST", f"/{resource['resourceType']}", resource, **headers)

    def put(self, resource: Any, **headers: str) -> httpx.Response:
        return self.ask("PUT", f"/{resource['resourceType']}/{resource['id']}", resource, **headers)

    def bundle(self, kind: str, *entries: Resource) -> httpx.Response:
        said = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
        return self.ask("POST", "", said if entries else {"resourceType": "Bundle", "type": kind})

    def transaction(self, *entries: Resource) -> httpx.Response:
        return self.bundle("transaction", *entries)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send anything; bytes go as they are. Names of headers have _ for -."""
        own = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
                sent = httpx.Headers({"Content-Type": FHIR, **own})
                sent.update(named)
                return await client.request(method, f"{PATH}/{self.clinic}{path}", content=content, headers=sent)

        return asyncio.run(send())

    def visits(self) -> list[tuple[str | None, str, str]]:
        """Return what is registered: external id, status, start."""
        with self.house.store.read() as tx:
            rows = tx.connection.execute(sa.select(appointments).order_by(appointments.c.id)).all()
        return [(it.external_id, str(it.status), it.starts_at.isoformat()[:16]) for it in rows]

    def count(self, table: str) -> int:
        with self.house.store.read() as tx:
            return int(tx.connection.execute(sa.text(f'SELECT count(*) FROM "{table}"')).scalar_one())


def patient(resource_id: str = "p1", **more: Any) -> Resource:
    """Return a sample Patient; what is None is left out."""
    said = {
        "resourceType": "Patient",
        "id": resource_id,
        "identifier": [{"use": "usual", "system": "urn:oid:1.2.36.146.595.217.0.1", "value": f"MRN-{resource_id}"}],
        "active": True,
        "name": [{"use": "official", "family": "Lachance", "given": ["Zoë"]}],
        "telecom": [
            {"system": "phone", "value": "+1 416 555 0199", "use": "home"},
            {"system": "phone", "value": "+1 416 555 0123", "use": "mobile", "rank": 1},
            {"system": "email", "value": "zoe@patients.example"},
        ],
        "gender": "female",
        "birthDate": "1990-01-04",
    }
    return _without_none({**said, **more})


def appointment(resource_id: str = "a1", *, whom: str = "Patient/p1", **more: Any) -> Resource:
    """Return a sample Appointment for that patient."""
    said = {
        "resourceType": "Appointment",
        "id": resource_id,
        "identifier": [{"system": "https://north.example/bookings", "value": f"B-{resource_id}"}],
        "status": "booked",
        "serviceType": [{"text": "Face peel"}],
        "start": START,
        "end": END,
        "participant": [
            {"actor": {"reference": whom, "display": "Zoë Lachance"}, "required": "required", "status": "accepted"},
            {"actor": {"reference": "Practitioner/7"}, "status": "accepted"},
        ],
    }
    return _without_none({**said, **more})


def procedure(resource_id: str = "d1", *, whom: str = "Patient/p1", **more: Any) -> Resource:
    """Return a sample Procedure on that patient."""
    said = {
        "resourceType": "Procedure",
        "id": resource_id,
        "status": "completed",
        "code": {"text": "Face peel"},
        "subject": {"reference": whom},
        "performedDateTime": "2026-03-09T10:10:00-04:00",
    }
    return _without_none({**said, **more})


def post(resource: Resource, full_url: str | None = None, **request: str) -> Resource:
    """Return an entry that creates a resource."""
    return _entry(resource, "POST", resource["resourceType"], full_url, request)


def put(resource: Resource, full_url: str | None = None) -> Resource:
    """Return an entry that creates or updates a resource under its id."""
    return _entry(resource, "PUT", f"{resource['resourceType']}/{resource['id']}", full_url, {})


def _entry(resource: Resource, method: str, url: str, full_url: str | None, request: Mapping[str, str]) -> Resource:
    entry = {"resource": resource, "request": {"method": method, "url": url, **request}}
    return {"fullUrl": full_url, **entry} if full_url else entry


def _without_none(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if value is not None}


def issues(answer: httpx.Response) -> list[Resource]:
    """Return what an OperationOutcome says."""
    said = answer.json()
    assert said["resourceType"] == "OperationOutcome", said
    found: list[Resource] = said["issue"]
    return found


def places(answer: httpx.Response) -> list[str]:
    """Return the elements that an OperationOutcome names."""
    return [it["expression"][0] for it in issues(answer) if "expression" in it]
