"""Two programs edit the same thing as both saw it: one wins, the other is told, whatever the thing is."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import monotonic

import httpx
import sqlalchemy as sa

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.store.database import Store, Tx
from scheduler.store.desk_tables import users
from scheduler.store.hook_tables import hook_endpoints
from scheduler.store.tables import patients
from tests.api.office import ZOE, Office, Program
from tests.web.desk import make_user

PATIENCE = 20
HELD = {
    # An appointment is held after its patient.
    "/appointments/1": sa.update(patients).values(page_epoch=patients.c.page_epoch),
    "/patients/1": sa.update(patients).values(page_epoch=patients.c.page_epoch),
    "/webhooks/1": sa.update(hook_endpoints).values(title=hook_endpoints.c.title),
    "/users/1": sa.update(users).values(name=users.c.name),
}
EDITS: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "/appointments/1": ({"starts_at": "2026-03-19T10:00"}, {"starts_at": "2026-03-20T10:00"}),
    "/patients/1": ({"name": "Zoé Lachance"}, {"phone": "+14165550177"}),
    "/webhooks/1": ({"title": "Booking"}, {"title": "Billing"}),
    "/users/1": ({"name": "Ann"}, {"language": "fr"}),
}
"""Two edits of each thing that has an ETag."""


def until(fact: Callable[[], bool]) -> None:
    ends = monotonic() + PATIENCE
    while not fact():
        assert monotonic() < ends, "the two did not meet"
        threading.Event().wait(0.002)


@contextmanager
def crowded(store: Store, held: sa.Update) -> Iterator[Callable[[], None]]:
    """Hold a thing, and give what lets it go once two others wait for it with all that they read before."""
    came = [0]
    write = store.write

    @contextmanager
    def counted() -> Iterator[Tx]:
        came[0] += 1
        with write() as tx:
            yield tx

    def two_wait() -> bool:
        if tx.dialect == "sqlite":
            return came[0] >= 2
        with store.read() as looking:
            return int(looking.connection.execute(WAITING).scalar_one()) >= 2

    with write() as tx:
        tx.connection.execute(held)
        store.write = counted  # type: ignore[method-assign]  # the same, and it says who came
        yield lambda: until(two_wait)
    store.write = write  # type: ignore[method-assign]  # as it was


WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def race(office: Office, program: Program, path: str) -> list[httpx.Response]:
    tag = program.get(path).headers["ETag"]
    with ThreadPoolExecutor(2) as threads:
        with crowded(office.house.store, HELD[path]) as both_wait:
            asked = [threads.submit(program.patch, path, it, **{"If-Match": tag}) for it in EDITS[path]]
            both_wait()
        return [it.result() for it in asked]


def test_of_two_who_edit_the_same_thing_as_both_saw_it_one_wins(any_office: Office) -> None:
    program = any_office.program()
    program.post("/appointments", ZOE)
    program.post("/webhooks", {"clinic": "north", "url": "https://clinic.example/hooks", "title": "Desk"})
    make_user(any_office.house.store, "ben", Role.STAFF, EVERY_CLINIC)
    document = any_office.api().openapi()["paths"]
    assert {path.partition("{")[0] + "1" for path, it in document.items() if "patch" in it} == EDITS.keys()
    for path in EDITS:
        answers = race(any_office, program, path)
        assert sorted(it.status_code for it in answers) == [200, 412], path
        (won,) = (it for it in answers if it.status_code == 200)
        now = program.get(path)
        assert now.headers["ETag"] == won.headers["ETag"]
        assert now.json() == won.json()
