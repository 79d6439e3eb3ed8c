"""PostgreSQL shows what happened in the order of the commits, and its ids are of another order: nothing is missed."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.appointments import call_off
from scheduler.services.hook_pump import HookPump
from scheduler.settings import Settings
from scheduler.store.database import open_store
from scheduler.store.hook_endpoints import any_behind, get_endpoint
from scheduler.store.hook_events import Horizon
from tests.servers.hooks import HookReceiver
from tests.services.house import House
from tests.services.test_hooks import add, pump, types

pytestmark = pytest.mark.postgres


@pytest.fixture
def house(postgres_settings: Settings, texts_dir: Path) -> Iterator[House]:
    with open_store(postgres_settings) as opened:
        yield House(opened, postgres_settings, texts_dir)


def test_what_a_long_transaction_brings_is_told_though_later_lines_were_looked_at_before(
    house: House, hook_receiver: HookReceiver
) -> None:
    visit = house.register()
    add(house, hook_receiver.url, kinds=["appointment.*"])
    with house.store.write() as slow:
        call_off(slow, visit, AppointmentStatus.CANCELLED, now=house.clock.now(), by="t")
        house.register(name="Ana Roy", phone="+14165550177", email="ana@patients.example")
        house.clock.move_to(house.clock.now() + timedelta(minutes=3))
        pump(house, times=3)
        assert types(hook_receiver) == ["appointment.registered"]
    pump(house, times=3)
    assert types(hook_receiver) == ["appointment.registered", "appointment.cancelled"]


def test_what_is_final_is_looked_at_no_more(house: House, hook_receiver: HookReceiver) -> None:
    endpoint = add(house, hook_receiver.url, kinds=["appointment.*"])
    house.register()
    house.clock.move_to(house.clock.now() + timedelta(minutes=3))
    horizon, deadline = Horizon(), time.monotonic() + 30
    with house.store.read() as tx:
        newest = horizon.look(tx) or 1
    while not (final := _look(house, horizon)) and time.monotonic() < deadline:
        time.sleep(0.05)  # other databases of this server have transactions of their own
    assert final >= newest
    pumped = HookPump(house.store, house.clock, live=True, rng=Random(1), _horizon=horizon)
    assert not pumped._collect()
    with house.store.read() as tx:
        assert get_endpoint(tx, endpoint.id).through == final
        assert not any_behind(tx)


def _look(house: House, horizon: Horizon) -> int:
    with house.store.read() as tx:
        return horizon.look(tx)
