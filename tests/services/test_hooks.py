import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from scheduler.channels.webhook.caller import HookCaller
from scheduler.domain.access import Scope
from scheduler.domain.appointment import AppointmentStatus
from scheduler.errors import ConflictError, RegistrationError
from scheduler.services import hooks
from scheduler.services.appointments import call_off
from scheduler.services.hook_pump import WAITS, HookPump
from scheduler.services.hooks import NewEndpoint
from scheduler.store.hook_calls import HookCall
from scheduler.store.hook_endpoints import HookEndpoint
from tests.servers.behaviours import Behaviour
from tests.servers.hooks import HookReceiver
from tests.services.house import NEXT_DAY, House

CLINICS = frozenset({"north", "south"})


def move_to_now(house: House) -> datetime:
    """The library of the specification takes only calls that are fresh by the machine's clock."""
    now = datetime.now(UTC)
    house.clock.move_to(now)
    return now


def add(house: House, url: str, *, clinic: str = "north", kinds: Sequence[str] = ("*",)) -> HookEndpoint:
    wanted = NewEndpoint(clinic, url, "Booking system", frozenset(kinds))
    with house.store.write() as tx:
        return hooks.add_endpoint(tx, wanted, clinics=CLINICS, now=house.clock.now(), by="user:anna")


def pump(house: House, *, live: bool = True, times: int = 1) -> None:
    async def run() -> None:
        made = HookPump(house.store, house.clock, live=live, rng=Random(1))
        async with HookCaller(timeout=5) as caller:
            for _time in range(times):
                while await made.pump(caller):
                    pass

    asyncio.run(run())


def calls(house: House, endpoint: HookEndpoint) -> list[HookCall]:
    with house.store.read() as tx:
        return list(reversed(hooks.calls_of(tx, endpoint)))


def types(receiver: HookReceiver) -> list[str]:
    return [json.loads(call.body)["type"] for call in receiver.calls]


def test_what_happens_to_a_visit_and_its_messages_is_told_and_verifies_with_the_standard_library(
    any_house: House, hook_receiver: HookReceiver
) -> None:
    now = move_to_now(any_house)
    endpoint = add(any_house, hook_receiver.url)
    visit = any_house.register(starts_at=(now + timedelta(days=8)).isoformat(), external_id="b-1")
    pump(any_house)

    call = hook_receiver.calls[0]
    said = Webhook(endpoint.secret).verify(call.body, call.headers)
    assert (said["type"], said["data"]["appointment"], said["data"]["external_id"]) == (
        "appointment.registered",
        visit,
        "b-1",
    )
    assert said["data"]["clinic"] == "north"
    with pytest.raises(WebhookVerificationError):
        Webhook(hooks.new_secret()).verify(call.body, call.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(call.body + b" ", call.headers)


def test_nothing_of_a_patient_is_in_a_call(any_house: House, hook_receiver: HookReceiver) -> None:
    add(any_house, hook_receiver.url)
    any_house.register()
    any_house.dispatch(NEXT_DAY)
    pump(any_house)

    assert {"appointment.registered", "message.accepted"} <= set(types(hook_receiver))
    told = b"".join(call.body for call in hook_receiver.calls)
    for secret in ("Zoë", "Lachance", "Zo\\u00eb", "416555", "patients.example"):
        assert secret.encode() not in told


def test_an_event_is_called_once_however_often_is_looked(any_house: House, hook_receiver: HookReceiver) -> None:
    add(any_house, hook_receiver.url)
    any_house.register()
    pump(any_house, times=3)

    assert types(hook_receiver).count("appointment.registered") == 1


def test_only_what_was_asked_for_at_the_own_clinic_is_told(any_house: House, hook_receiver: HookReceiver) -> None:
    add(any_house, hook_receiver.url, clinic="south")
    add(any_house, hook_receiver.url, kinds=["message.*"])
    visit = any_house.register()
    with any_house.store.write() as tx:
        call_off(tx, visit, AppointmentStatus.CANCELLED, now=any_house.clock.now(), by="t")
    pump(any_house)

    assert set(types(hook_receiver)) == {"message.cancelled"}


def test_what_a_receiver_does_not_take_is_called_again_under_the_same_id_and_given_up_after_three_days(
    any_house: House, hook_receiver: HookReceiver
) -> None:
    endpoint = add(any_house, hook_receiver.url, kinds=["appointment.*"])
    any_house.register()
    hook_receiver.default = Behaviour(status=500)
    pump(any_house)
    for wait in WAITS:
        any_house.clock.move_to(any_house.clock.now() + wait * 1.3)
        pump(any_house, times=2)

    assert len({call.id for call in hook_receiver.calls}) == 1
    assert len(hook_receiver.calls) == len(WAITS) + 1
    call = calls(any_house, endpoint)[0]
    assert (call.answered, call.delivered_at) == (500, None)
    assert call.finished_at is not None


def test_what_was_given_up_is_called_again_on_demand(any_house: House, hook_receiver: HookReceiver) -> None:
    endpoint = add(any_house, hook_receiver.url, kinds=["appointment.*"])
    any_house.register()
    pump(any_house)
    first = calls(any_house, endpoint)[0]
    with any_house.store.write() as tx:
        again = hooks.call_again(tx, endpoint, first.id, now=any_house.clock.now())
    pump(any_house)

    assert [call.id for call in hook_receiver.calls] == [f"evt_{first.event_id}"] * 2
    assert again != first.id


def test_a_receiver_that_is_gone_is_switched_off(any_house: House, hook_receiver: HookReceiver) -> None:
    endpoint = add(any_house, hook_receiver.url)
    hook_receiver.default = Behaviour(status=410)
    any_house.register()
    pump(any_house)

    with any_house.store.read() as tx:
        (found,) = hooks.list_endpoints(tx, Scope(None))
    assert found.disabled_by == "receiver:410"
    with any_house.store.write() as tx, pytest.raises(ConflictError):
        hooks.ping(tx, found, now=any_house.clock.now())
    assert calls(any_house, endpoint)[0].finished_at


def test_while_a_secret_is_changed_both_sign(any_house: House, hook_receiver: HookReceiver) -> None:
    now = move_to_now(any_house)
    endpoint = add(any_house, hook_receiver.url)
    with any_house.store.write() as tx:
        secret = hooks.change_secret(tx, endpoint, now=now)
        hooks.ping(tx, endpoint, now=now)
    pump(any_house)

    (call,) = hook_receiver.calls
    for known in (secret, endpoint.secret):
        assert Webhook(known).verify(call.body, call.headers)["type"] == "ping"


def test_a_rehearsal_calls_nobody_beyond_this_machine(any_house: House) -> None:
    endpoint = add(any_house, "https://elsewhere.example/hooks", kinds=["appointment.*"])
    any_house.register()
    pump(any_house, live=False)

    assert [call.error for call in calls(any_house, endpoint)] == ["rehearsal"]


def test_a_process_that_dies_with_calls_in_hand_loses_none(any_house: House, hook_receiver: HookReceiver) -> None:
    add(any_house, hook_receiver.url, kinds=["appointment.*"])
    any_house.register()
    dying = HookPump(any_house.store, any_house.clock, live=True, rng=Random(1))
    dying._collect()
    assert dying._take()
    pump(any_house)
    assert not hook_receiver.calls

    any_house.clock.move_to(any_house.clock.now() + timedelta(minutes=2))
    pump(any_house)
    assert types(hook_receiver) == ["appointment.registered"]


@pytest.mark.parametrize(
    "url",
    [
        "http://elsewhere.example/",
        "https://user:password@elsewhere.example/",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/",
        "ftp://elsewhere.example/",
        "https:///path",
        "https://elsewhere.example/\r\nX: y",
        "https://elsewhere.example:99999/",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_must_not_be_called_is_refused(any_house: House, url: str) -> None:
    with pytest.raises(RegistrationError):
        add(any_house, url)


def test_an_unknown_event_is_refused(any_house: House) -> None:
    with pytest.raises(RegistrationError, match="there is no event"):
        add(any_house, "https://elsewhere.example/", kinds=["message.sent"])
