from datetime import datetime, timedelta

import pytest

from scheduler.domain.circuit import Circuit, look_again, next_probe
from scheduler.domain.protocol import Channel
from tests.domain.samples import utc

NOW = utc("2026-03-02 10:00")


def minutes(instant: datetime) -> float:
    return (instant - NOW).total_seconds() / 60


@pytest.mark.parametrize(("probes", "wait"), [(0, 1), (1, 2), (2, 4), (3, 8), (4, 16), (5, 30), (6, 30), (1000, 30)])
def test_tries_become_more_seldom_up_to_half_an_hour(probes: int, wait: int) -> None:
    assert minutes(next_probe(probes, now=NOW)) == wait


def test_where_only_a_report_tells_each_try_costs_a_message_so_they_are_seldom() -> None:
    assert minutes(next_probe(0, now=NOW, reported=True)) == 30


@pytest.mark.parametrize(
    ("useful", "gives_way", "wait"), [(600, None, 30), (20, None, 20), (600, 10, 10), (600, -10, 30), (5, 10, 5)]
)
def test_what_waits_is_looked_at_when_something_may_become_of_it(
    useful: int, gives_way: int | None, wait: int
) -> None:
    at = look_again(
        NOW,
        useful_until=NOW + timedelta(minutes=useful),
        gives_way_at=NOW + timedelta(minutes=gives_way) if gives_way is not None else None,
    )
    assert minutes(at) == wait


@pytest.mark.parametrize(
    ("sender", "channel", "of", "message", "stopped"),
    [
        ("", Channel.SMS, "+14165550100", 1, True),
        ("", Channel.EMAIL, "care@clinic.example", 1, False),
        ("+14165550100", Channel.SMS, "+14165550100", 1, True),
        ("+14165550100", Channel.SMS, "+14165550101", 1, False),
        ("+14165550100", Channel.SMS, "+14165550100", 7, False),
    ],
)
def test_a_circuit_stops_its_sender_or_its_channel_but_not_its_trial(
    sender: str, channel: Channel, of: str, message: int, stopped: bool
) -> None:
    circuit = Circuit(1, Channel.SMS, sender, "21606", "no", NOW, 0, NOW, trial=7)
    assert circuit.stops(channel, of, message) is stopped
