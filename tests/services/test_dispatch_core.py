"""The core of sending under bad luck: failed commits, ends that come late, slow providers, moves during a call."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from scheduler.domain.outgoing import Accepted, Outgoing
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.errors import ChannelError, ErrorKind
from scheduler.runtime.passes import one_pass
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.leases import LAST_WRITE, LEASE
from scheduler.store.claims import release_expired
from scheduler.store.database import open_store
from tests.services.house import CHECK, FIRST_HOURS, VISIT, House, after, write_texts
from tests.services.provider import Ready

SECOND = timedelta(seconds=1)
BUSY = ChannelError("busy", kind=ErrorKind.TRANSIENT, code="429")
WRONG_NUMBER = ChannelError("no such number", kind=ErrorKind.PERMANENT, code="21211")


class Provider(Ready):
    """A channel that does `meanwhile` while it has the message, then takes or refuses it."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None, refusal: ChannelError | None = None) -> None:
        self.got: list[Outgoing] = []
        self._meanwhile = meanwhile
        self._refusal = refusal

    async def send(self, message: Outgoing) -> Accepted:
        self.got.append(message)
        self._meanwhile()
        if self._refusal:
            raise self._refusal
        return Accepted(f"id-{len(self.got)}")


def dispatch(house: House, at: datetime, **channels: Provider) -> dict[str, int]:
    """Send what is due at that instant through these providers: sms=…, email=…; the others rehearse."""
    given = {Channel(name): provider for name, provider in channels.items()}
    return house.dispatch(at, {**house.transports(), **given})


def lose(house: House) -> None:
    """Let the lease of what is being sent run out, and another engine find it."""
    house.clock.move_by(LEASE + SECOND)
    with house.store.write() as tx:
        assert release_expired(tx, now=house.clock.now()).lost


def test_an_outcome_is_recorded_although_the_database_was_locked_when_it_came(house: House) -> None:
    appointment = house.register()
    file = house.store.where
    locker = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    pauses: list[float] = []

    async def unlock(seconds: float) -> None:
        pauses.append(seconds)
        locker.execute("ROLLBACK")

    def lock() -> None:
        locker.execute("BEGIN IMMEDIATE")

    provider = Provider(meanwhile=lock)
    house.clock.move_to(FIRST_HOURS)
    with open_store(house.settings, patience=timedelta(milliseconds=50)) as impatient:
        dispatcher = house.on(impatient).dispatcher(transports={**house.transports(), Channel.SMS: provider})
        summary = asyncio.run(one_pass(replace(dispatcher, pause=unlock)))
    locker.close()
    assert summary.counts["sent"] == 1
    assert len(pauses) == 1
    assert house.statuses(appointment)["first_hours sms"] == "accepted"


def test_a_message_that_was_taken_for_lost_while_its_call_went_on_is_settled_by_the_calls_end(
    any_house: House,
) -> None:
    appointment = any_house.register()
    counts = dispatch(any_house, FIRST_HOURS, sms=Provider(meanwhile=lambda: lose(any_house)))
    assert counts["sent"] == 1
    message = any_house.message(appointment, "first_hours")
    assert (message.status, message.provider_id) == (Status.ACCEPTED, "id-1")


def test_a_refusal_that_comes_after_the_lease_turns_to_the_other_channel_once(any_house: House) -> None:
    appointment = any_house.register()
    email = Provider()
    refusing = Provider(refusal=WRONG_NUMBER, meanwhile=lambda: any_house.clock.move_by(LEASE + SECOND))
    any_house.dispatch(after(FIRST_HOURS, days=1))
    dispatch(any_house, CHECK, sms=refusing, email=email)
    assert any_house.statuses(appointment)["check sms"] == "failed"
    assert any_house.statuses(appointment)["check email"] == "accepted"
    assert len(email.got) == 1


def test_a_visit_moved_while_its_text_was_refused_for_now_gets_it_at_the_new_time(any_house: House) -> None:
    appointment = any_house.register()

    def move() -> None:
        with any_house.store.write() as tx:
            reschedule(
                tx,
                any_house.configuration,
                any_house.appointment(appointment),
                starts_at=after(VISIT, days=7),
                now=any_house.clock.now(),
                by="desk",
            )

    dispatch(any_house, FIRST_HOURS, sms=Provider(meanwhile=move, refusal=BUSY))
    message = any_house.message(appointment, "first_hours")
    assert (message.status, message.due_at) == (Status.SCHEDULED, after(FIRST_HOURS, days=7))
    any_house.dispatch(after(FIRST_HOURS, days=7))
    assert any_house.statuses(appointment)["first_hours sms"] == "accepted"


def test_a_visit_cancelled_while_its_text_was_refused_for_now_gets_nothing_more(any_house: House) -> None:
    appointment = any_house.register()

    def cancel() -> None:
        status = any_house.appointment(appointment).status.CANCELLED
        with any_house.store.write() as tx:
            call_off(tx, appointment, status, now=any_house.clock.now(), by="desk")

    dispatch(any_house, FIRST_HOURS, sms=Provider(meanwhile=cancel, refusal=BUSY))
    again = Provider()
    dispatch(any_house, after(FIRST_HOURS, hours=1), sms=again)
    assert again.got == []
    assert any_house.statuses(appointment)["first_hours sms"] == "cancelled"


def test_what_a_slow_provider_leaves_no_time_for_is_given_back_and_sent_by_the_next_pass(any_house: House) -> None:
    visits = [any_house.register(name=f"Ann {n} Roy", phone=f"+1416555012{n}") for n in range(3)]
    one_at_once = replace(any_house.configuration.instance, sms_at_once=1)
    any_house.configuration = replace(any_house.configuration, instance=one_at_once)
    slow = Provider(meanwhile=lambda: any_house.clock.move_by(LEASE - LAST_WRITE))
    any_house.clock.move_to(FIRST_HOURS)
    dispatcher = any_house.dispatcher(transports={**any_house.transports(), Channel.SMS: slow})
    stop = asyncio.Event()

    async def one_batch() -> None:
        # The next claim would send the rest at once: look in between.
        await dispatcher.deliver(dispatcher.claim(), stop)

    asyncio.run(one_batch())
    assert len(slow.got) == 1
    assert sorted(any_house.statuses(visit)["first_hours sms"] for visit in visits) == [
        "accepted",
        "scheduled",
        "scheduled",
    ]
    any_house.dispatch(any_house.clock.now())
    assert {any_house.statuses(visit)["first_hours sms"] for visit in visits} == {"accepted"}


def test_nothing_may_be_written_after_it_stops_being_useful(house: House) -> None:
    appointment = house.register(treatment="laser")
    useful_until = house.message(appointment, "first_day").useful_until
    provider = Provider()
    dispatch(house, useful_until - SECOND, sms=provider)
    assert [outgoing.deadline for outgoing in provider.got] == [useful_until]


def test_later_texts_that_can_not_be_rendered_swallow_no_earlier_one(house: House) -> None:
    appointment = house.register()
    folder = write_texts(house.texts_dir.parent / "broken")
    for file in [*folder.glob("*/tips/sms.txt"), *folder.glob("*/check/sms.txt")]:
        file.write_text("{{ nobody.knows }}", encoding="utf-8")
    house.texts_dir = folder
    for minutes in (0, 10, 20, 30):
        house.dispatch(after(VISIT, days=3, hours=3, minutes=minutes))
    statuses = house.statuses(appointment)
    assert statuses["tips sms"] == "scheduled"
    assert statuses["next_day sms"] == "accepted"


def test_a_stop_gives_back_what_was_claimed_and_not_yet_begun(house: House) -> None:
    visits = [house.register(name=f"Ann {n} Roy", phone=f"+1416555012{n}") for n in range(3)]
    house.configuration = replace(house.configuration, instance=replace(house.configuration.instance, sms_at_once=1))
    stop = asyncio.Event()
    provider = Provider(meanwhile=stop.set)
    house.clock.move_to(FIRST_HOURS)
    dispatcher = house.dispatcher(transports={**house.transports(), Channel.SMS: provider})
    asyncio.run(one_pass(dispatcher, stop))
    assert sorted(house.statuses(visit)["first_hours sms"] for visit in visits) == [
        "accepted",
        "scheduled",
        "scheduled",
    ]
