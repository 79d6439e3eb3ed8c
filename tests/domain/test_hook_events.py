"""What other systems are told of: nothing that no page names."""

from itertools import product

import pytest

from scheduler.domain.appointment import AppointmentCause
from scheduler.domain.hook_events import KINDS, is_known, kind_of
from scheduler.domain.notice import AlertCause, ReplyCause
from scheduler.domain.states import Cause, Status

_LINES = [
    *product(("appointment",), AppointmentCause, (None,)),
    *product(("reply",), ReplyCause, (None,)),
    *product(("alert",), AlertCause, (None,)),
    *product(("message",), Cause, (*Status, None)),
]


def test_only_what_is_named_is_told_and_all_that_is_named_can_happen() -> None:
    told = {kind_of(subject, cause, status) for subject, cause, status in _LINES} - {None}
    assert told == set(KINDS)


@pytest.mark.parametrize("cause", ReplyCause)
def test_whatever_becomes_of_a_reply_is_told(cause: ReplyCause) -> None:
    assert is_known(str(kind_of("reply", cause, None)))


def test_what_a_message_only_passes_through_is_not_told() -> None:
    passing = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING)
    assert {kind_of("message", Cause.DECIDE, it) for it in passing} == {None}
