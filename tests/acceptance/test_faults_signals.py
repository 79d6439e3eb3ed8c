"""A service that is told to stop, or frozen for longer than a lease: it finishes what it holds, or lets it go."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.grounds import Ground, ground, postgres_ground
from tests.chaos.play import LEASE
from tests.chaos.points import Ambush
from tests.chaos.site import Process

__all__ = ["ground", "postgres_ground"]

PATIENTS = 30
MINUTES = 240.0
"""Seconds. What was frozen within a transaction locks the others out until PostgreSQL breaks it off, after 60 s."""


def is_frozen(process: Process) -> bool:
    return Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].startswith("T")


def test_told_to_stop_in_the_middle_it_ends_what_goes_on_and_holds_nothing_then(ground: Ground) -> None:
    ground.prepare(150)
    ground.twilio.delay = 0.2
    with ground.serving() as service:
        ground.fall_due()
        ground.until(lambda: len(ground.twilio.taken) > 0)
        service.terminate()
        assert service.wait(30) == 0
        assert {row.status for row in ground.rows()} <= {"scheduled", "accepted"}
        assert ground.handed_over() < 2 * ground.patients
    ground.twilio.delay = 0
    with ground.serving():
        ground.settle()
    ground.check()


@pytest.mark.parametrize(
    "point", ["begun", *(pytest.param(it, marks=pytest.mark.long) for it in ("claimed", "answered", "unrecorded"))]
)
def test_frozen_for_longer_than_a_lease_it_writes_nothing_after_its_deadline(ground: Ground, point: str) -> None:
    ground.prepare(PATIENTS)
    with ground.serving(at=Ambush(point, 1, signal.SIGSTOP)) as service:
        ground.fall_due()
        ground.until(lambda: is_frozen(service))
        taken = ground.handed_over()
        ground.site.clock.move_by(LEASE)
        os.kill(service.pid, signal.SIGCONT)
        ground.settle()
        if point == "begun":
            assert taken == 0
            assert '"code": "deadline"' in ground.site.said(service)
    ground.check()


@pytest.mark.long
@pytest.mark.parametrize("point", ["claimed", "begun", "answered", "unrecorded"])
def test_what_a_frozen_service_held_is_settled_by_another_and_it_adds_nothing_when_it_wakes(
    postgres_ground: Ground, point: str
) -> None:
    ground = postgres_ground
    ground.prepare(PATIENTS)
    with ExitStack() as running:
        frozen = running.enter_context(ground.serving(at=Ambush(point, 1, signal.SIGSTOP)))
        ground.fall_due()
        ground.until(lambda: is_frozen(frozen))
        ground.site.clock.move_by(LEASE)
        running.enter_context(ground.serving())
        ground.settle(within=MINUTES)
        before = ground.handed_over()
        os.kill(frozen.pid, signal.SIGCONT)
        ground.until(
            lambda: ground.is_well(frozen) if point == "claimed" else "outcome.late" in ground.site.said(frozen)
        )
    assert ground.handed_over() == before
    ground.check()


@pytest.mark.long
@pytest.mark.parametrize("point", ["beginning", "recording"])
def test_a_service_that_is_frozen_within_a_transaction_locks_the_others_out_for_a_minute_at_most(
    postgres_ground: Ground, point: str
) -> None:
    ground = postgres_ground
    ground.prepare(PATIENTS)
    with ExitStack() as running:
        frozen = running.enter_context(ground.serving(at=Ambush(point, 1, signal.SIGSTOP)))
        ground.fall_due()
        ground.until(lambda: is_frozen(frozen))
        ground.site.clock.move_by(LEASE)
        running.enter_context(ground.serving())
        ground.settle(within=MINUTES)
        os.kill(frozen.pid, signal.SIGCONT)
        ground.until(lambda: ground.is_well(frozen))
    ground.check()
