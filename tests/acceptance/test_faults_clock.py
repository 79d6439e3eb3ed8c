"""The machine's clock is set back or forward by an hour while messages go out."""

from datetime import timedelta

import pytest

from tests.acceptance.grounds import SUN, Ground, ground
from tests.chaos.play import LEASE
from tests.servers.behaviours import FAIL_AFTER_TAKING

pytestmark = pytest.mark.long

__all__ = ["ground"]

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_clock_that_is_set_in_the_middle_loses_nothing_and_repeats_nothing(ground: Ground, by: timedelta) -> None:
    ground.prepare(150)
    ground.twilio.delay = 0.2
    ground.twilio.script.extend([FAIL_AFTER_TAKING] * 5)
    with ground.serving():
        ground.fall_due()
        ground.until(lambda: len(ground.twilio.taken) > 5)
        ground.site.clock.move_by(by)
        ground.settle()
    ground.check()


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_what_a_killed_engine_held_goes_out_once_though_the_clock_was_set(ground: Ground, by: timedelta) -> None:
    ground.prepare(100)
    ground.twilio.delay = 0.2
    service = ground.site.launch("serve", "--port", "0")
    ground.fall_due()
    ground.until(lambda: len(ground.twilio.taken) > 0)
    service.kill()
    service.wait()
    ground.twilio.delay = 0
    ground.site.clock.move_by(by)
    with ground.serving():
        if by < timedelta():
            ground.site.clock.move_by(LEASE - by)  # the dead engine's lease ends an hour later
        ground.settle()
    ground.check()


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["an hour fast", "an hour slow"])
def test_a_clock_that_was_wrong_is_put_right_after_a_text_was_taken_without_an_answer(
    ground: Ground, by: timedelta
) -> None:
    """The provider's clock is right all the time: what it took seems to be an hour away from the hand-over."""
    ground.prepare(3)
    ground.twilio.script.extend([FAIL_AFTER_TAKING] * 3)
    ground.twilio.now = lambda: ground.site.clock.now() - wrong
    wrong = by
    with ground.serving():
        ground.site.clock.move_to(SUN.due_at + abs(by))
        ground.until(lambda: len(ground.twilio.taken) == 3)
        ground.until(lambda: sum(row.number for row in ground.rows() if row.status == "unknown") == 3)
        wrong = timedelta()
        ground.site.clock.move_by(-by)
        ground.settle()
    ground.check()


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["an hour fast", "an hour slow"])
def test_on_a_machine_whose_clock_is_wrong_a_text_without_an_answer_is_still_found(
    ground: Ground, by: timedelta
) -> None:
    ground.prepare(3)
    ground.twilio.script.extend([FAIL_AFTER_TAKING] * 3)
    ground.twilio.now = lambda: ground.site.clock.now() - by
    with ground.serving():
        ground.site.clock.move_to(SUN.due_at + abs(by))
        ground.settle()
    ground.check()
