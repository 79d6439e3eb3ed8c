"""Asking Twilio which messages it has for a number, and what became of one."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from scheduler.channels.lookup import Found, Lookup
from scheduler.clock import FixedClock
from scheduler.domain.states import Status
from scheduler.errors import ChannelError
from tests.channels.messages import ANNA, NOW, SMS
from tests.channels.test_twilio import transport
from tests.servers.taken import Taken
from tests.servers.twilio import TwilioServer

HOUR = timedelta(hours=1)


def find(clock: FixedClock, twilio: TwilioServer, to: str = ANNA) -> Sequence[Found]:
    async def ask() -> Sequence[Found]:
        async with transport(clock, twilio.url) as opened:
            return await opened.find(to, since=NOW - HOUR, until=NOW + HOUR)

    return asyncio.run(ask())


def fetch(clock: FixedClock, twilio: TwilioServer, sid: str) -> Found:
    async def ask() -> Found:
        async with transport(clock, twilio.url) as opened:
            return await opened.fetch(sid)

    return asyncio.run(ask())


def taken(sid: str, minutes: float, to: str = ANNA) -> Taken:
    return Taken(to=to, body=SMS.body, params={"From": "+1"}, sid=sid, at=NOW + timedelta(minutes=minutes))


def test_it_can_be_asked(clock: FixedClock, twilio: TwilioServer) -> None:
    assert isinstance(transport(clock, twilio.url), Lookup)


def test_what_was_created_for_a_number_in_a_window_is_found_with_its_text(
    clock: FixedClock, twilio: TwilioServer
) -> None:
    twilio.taken += [
        taken("SM0", -61),
        taken("SM1", -60),
        taken("SM2", 60),
        taken("SM3", 61),
        taken("SM4", 0, "+1416"),
    ]
    found = find(clock, twilio)
    assert [it.provider_id for it in found] == ["SM2", "SM1"]
    assert found[0] == Found("SM2", NOW + HOUR, Status.ACCEPTED, "", SMS.body)
    assert SMS.body not in repr(found[0])


def test_a_list_of_several_pages_is_read_no_further_than_needed(clock: FixedClock, twilio: TwilioServer) -> None:
    twilio.taken += [taken(f"SMold{n}", -10_000) for n in range(450)]
    twilio.taken += [taken(f"SM{n}", 0) for n in range(150)]
    assert len(find(clock, twilio)) == 150
    assert twilio.questions == 2


def test_a_message_is_fetched_with_its_status_and_error_code(clock: FixedClock, twilio: TwilioServer) -> None:
    twilio.taken.append(taken("SM1", 0))
    twilio.reports["SM1"] = ("undelivered", 30003)
    assert fetch(clock, twilio, "SM1") == Found("SM1", NOW, Status.UNDELIVERED, "30003", SMS.body)


def test_what_can_not_be_asked_or_is_not_there_is_an_error_without_a_number(
    clock: FixedClock, twilio: TwilioServer
) -> None:
    with pytest.raises(ChannelError) as caught:
        fetch(clock, twilio, "SMgone")
    twilio.away = True
    with pytest.raises(ChannelError) as away:
        find(clock, twilio)
    assert ANNA.lstrip("+") not in f"{caught.value}{away.value}"
