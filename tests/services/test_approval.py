"""In live delivery only what is approved goes out; the rest waits, is told of in time, and goes once it is so."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.content.templates import Texts
from scheduler.domain.alert import AlertKind
from scheduler.domain.protocol import Channel
from scheduler.protocols.approvals import Approval, Approvals
from scheduler.protocols.configuration import Configuration
from scheduler.services.approval_watch import BETWEEN, ApprovalWatch
from scheduler.services.approver import Approver
from scheduler.services.approving import Approving, Item, Part
from scheduler.services.timeline import timeline
from scheduler.store.alerts import all_alerts
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, FIRST_HOURS, NEXT_DAY, PHONE, REGISTERED, SMS, House, after

UNAPPROVED = "the step first_hours is not approved"


def approved(configuration: Configuration, texts: Path, *, without: str = "") -> Configuration:
    """Return the configuration with everything approved but what is called so."""
    known = replace(configuration, approvals=Approvals())
    items = {it: Approving(known, Texts(texts)).items(it) for it in known.protocols}
    return replace(known, approvals=Approvals.of(_record(it, found, without) for it, found in items.items()))


def _record(treatment: str, items: tuple[Item, ...], without: str) -> Approval:
    of = {part: {it.name: it.digest for it in items if it.part is part and it.name != without} for part in Part}
    return Approval(treatment, "Dr. Sample", "lead", REGISTERED, "a" * 64, {}, of[Part.STEP], of[Part.TEXT])


@pytest.fixture
def strict(any_live: House) -> House:
    """Live delivery, and nothing is approved."""
    any_live.configuration = replace(any_live.configuration, approvals=Approvals())
    return any_live


def approve(house: House, *, without: str = "") -> None:
    house.configuration = approved(house.configuration, house.texts_dir, without=without)


def watched(house: House) -> list[tuple[str, bool]]:
    """Look as an engine does; return the clinics that were told of, each with whether it is over."""
    approver = house.dispatcher().approver
    ApprovalWatch().look(house.store, approver, now=house.clock.now())
    with house.store.read() as tx:
        found = [it for it in all_alerts(tx) if it.kind is AlertKind.UNAPPROVED]
    return [(it.subject, it.closed_at is not None) for it in found]


def told(house: House, appointment: int, step: str) -> str:
    with house.store.read() as tx:
        story = timeline(
            tx, house.configuration, appointment, now=house.clock.now(), approver=house.dispatcher().approver
        )
    return next(it.reason for it in story.messages if (it.step, it.channel) == (step, SMS))


def test_nothing_goes_out_that_nobody_approved_and_it_goes_once_somebody_did(
    strict: House, twilio: TwilioServer
) -> None:
    appointment = strict.register()
    strict.dispatch(FIRST_HOURS)
    assert twilio.sent_to(PHONE) == []
    message = strict.message(appointment, "first_hours")
    assert (message.status.value, message.try_at) == ("scheduled", after(FIRST_HOURS, minutes=10))
    assert UNAPPROVED in told(strict, appointment, "first_hours")
    assert "`aftercare approve peel`" in told(strict, appointment, "first_hours")

    approve(strict)
    assert strict.dispatch(after(FIRST_HOURS, minutes=10))["sent"] == 1
    assert len(twilio.sent_to(PHONE)) == 1


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ("first_hours", UNAPPROVED),
        ("first_hours/en/sms", "the text first_hours/en/sms is not approved"),
        ("first_hours/fr/sms", None),
        ("first_hours/en/email", None),
        ("next_day", None),
    ],
)
def test_it_is_held_back_for_its_own_step_and_the_text_that_is_used_only(
    strict: House, twilio: TwilioServer, lacks: str, said: str | None
) -> None:
    approve(strict, without=lacks)
    appointment = strict.register()
    strict.dispatch(FIRST_HOURS)
    assert bool(twilio.sent_to(PHONE)) == (said is None)
    assert said is None or said in told(strict, appointment, "first_hours")


def test_a_text_that_is_edited_is_no_longer_approved(strict: House, twilio: TwilioServer, tmp_path: Path) -> None:
    approve(strict)
    edited = tmp_path / "texts" / "en" / "first_hours"
    edited.mkdir(parents=True)
    for file in (strict.texts_dir / "en").glob("*.*"):
        (tmp_path / "texts" / "en" / file.name).write_bytes(file.read_bytes())
    (edited / "sms.txt").write_text("Do as you like.\n")
    strict.texts_dir = tmp_path / "texts"
    strict.register()
    strict.dispatch(FIRST_HOURS)
    assert twilio.sent_to(PHONE) == []


def test_what_is_never_approved_expires_and_says_why(strict: House) -> None:
    appointment = strict.register()
    strict.dispatch(FIRST_HOURS)
    until = strict.message(appointment, "first_hours").useful_until
    strict.dispatch(until)
    ended = strict.message(appointment, "first_hours")
    assert ended.status.value == "expired"
    assert [it.code for it in ended.reasons][-2:] == ["unapproved", "not_useful"]


def test_the_timeline_says_of_what_is_to_come_that_it_is_not_approved(strict: House) -> None:
    appointment = strict.register()
    said = told(strict, appointment, "check")
    assert "the step check is not approved" in said
    assert said.endswith("it is looked at again at Fri 2026-03-20 10:00, and sent if that is mended.")
    approve(strict)
    assert told(strict, appointment, "check").endswith("will be sent at Fri 2026-03-20 10:00.")


def test_whoever_is_on_call_is_told_two_days_ahead_and_it_ends_by_itself(strict: House) -> None:
    strict.register()
    strict.clock.move_to(after(FIRST_HOURS, days=-9))
    assert watched(strict) == []
    strict.clock.move_to(after(FIRST_HOURS, hours=-47))
    assert watched(strict) == [("north", False)]
    approve(strict, without="check/en/sms")
    assert watched(strict) == [("north", True)]
    strict.clock.move_to(after(CHECK, hours=-47))
    assert watched(strict)[0] == ("north", False)
    approve(strict)
    assert watched(strict) == [("north", True), ("north", True)]


def test_the_alert_says_how_many_wait_and_for_what(strict: House) -> None:
    strict.register()
    strict.clock.move_to(FIRST_HOURS)
    watched(strict)
    with strict.store.read() as tx:
        (alert,) = [it for it in all_alerts(tx) if it.kind is AlertKind.UNAPPROVED]
    said = dict(alert.reasons[0].params)
    assert int(said["count"]) >= 2
    assert "the step first_hours of peel" in said["what"]
    assert "Zo" not in str(alert.reasons)


def test_what_waited_is_tried_at_once_when_it_is_approved(strict: House) -> None:
    appointment = strict.register()
    strict.dispatch(FIRST_HOURS)
    approve(strict)
    strict.clock.move_to(after(FIRST_HOURS, minutes=1))
    assert watched(strict) == [("north", True)]
    assert strict.message(appointment, "first_hours").try_at == strict.clock.now()
    assert strict.dispatch(after(FIRST_HOURS, minutes=2))["sent"] == 1


def test_what_keeps_being_unapproved_is_looked_at_every_few_minutes_only(strict: House) -> None:
    watch = ApprovalWatch()
    now = strict.clock.now()
    assert watch.is_time(now)
    watch.look(strict.store, strict.dispatcher().approver, now=now)
    assert not watch.is_time(now + BETWEEN / 2)
    assert watch.is_time(now + BETWEEN)
    assert watch.is_time(now - timedelta(days=1))


@pytest.mark.parametrize(("required", "live", "sent"), [(False, True, 1), (True, False, 0), (None, False, 1)])
def test_the_file_decides_where_it_says_so_and_else_the_delivery(
    strict: House, required: bool | None, live: bool, sent: int
) -> None:
    instance = replace(strict.configuration.instance, require_approval=required)
    strict.configuration = replace(strict.configuration, instance=instance)
    approver = Approver(strict.configuration, Texts(strict.texts_dir), live=live)
    assert approver.required == (sent == 0)


def test_a_text_that_cannot_be_read_is_not_called_unapproved(strict: House, tmp_path: Path) -> None:
    approve(strict)
    protocol = strict.configuration.protocols["peel"]
    step = protocol.step("first_hours")
    assert step
    approver = Approver(strict.configuration, Texts(tmp_path), live=True)
    assert approver.lacking_of("peel", step, Channel.SMS, "en") is None


def test_an_approval_of_one_treatment_says_nothing_of_another(strict: House) -> None:
    approve(strict)
    step = strict.configuration.protocols["peel"].step("first_hours")
    assert step
    approver = strict.dispatcher().approver
    assert approver.lacking_of("peel", step, Channel.SMS, "en") is None
    assert approver.lacking_of("laser", step, Channel.SMS, "en") is not None


def test_nothing_collapses_into_what_is_not_approved(strict: House, twilio: TwilioServer) -> None:
    approve(strict, without="next_day")
    appointment = strict.register()
    strict.dispatch(after(NEXT_DAY, hours=2))
    (text,) = twilio.sent_to(PHONE)
    assert text.body.startswith("en first_hours")
    assert strict.message(appointment, "next_day").status.value == "scheduled"
