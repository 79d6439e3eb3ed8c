from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.states import PROOF, REPLANNABLE, TRANSITIONS, UNSENT, Cause, Status, may_move, told

NOT_HANDED_OVER = {Status.SCHEDULED, Status.CLAIMED, Status.SENDING, Status.UNKNOWN}
events = st.lists(st.tuples(st.sampled_from(Cause), st.sampled_from(Status)), max_size=40)


def ends(start: Status, *causes: Cause) -> set[Status]:
    return {end for begin, cause, end in TRANSITIONS if begin is start and cause in (causes or tuple(Cause))}


def follow(start: Status, happened: list[tuple[Cause, Status]]) -> list[Status]:
    """The states that a message goes through when all of this happens to it, possible or not."""
    path = [start]
    for cause, wanted in happened:
        end = told(path[-1], wanted) if cause is Cause.RECEIPT and wanted in PROOF else wanted
        if may_move(path[-1], cause, end):
            path.append(end)
    return path


def test_every_state_can_be_reached_and_every_cause_is_used() -> None:
    reached = {Status.SCHEDULED}
    while more := {end for start in reached for end in ends(start)} - reached:
        reached |= more
    assert reached == set(Status)
    assert {cause for _, cause, _ in TRANSITIONS} == set(Cause)


def test_nothing_leaves_delivered() -> None:
    assert ends(Status.DELIVERED) == {Status.DELIVERED}


@given(events)
def test_what_the_provider_has_taken_is_never_sent_again_by_any_sequence_of_events(
    happened: list[tuple[Cause, Status]],
) -> None:
    path = follow(Status.ACCEPTED, happened)
    assert set(path) <= set(PROOF)
    weights = [PROOF.index(status) for status in path]
    assert weights == sorted(weights)


@given(events)
def test_the_provider_is_called_only_after_a_claim_and_a_recorded_begin(happened: list[tuple[Cause, Status]]) -> None:
    path = follow(Status.SCHEDULED, happened)
    for before, after in pairwise(path):
        assert after is not Status.SENDING or before is Status.CLAIMED
        assert after is not Status.CLAIMED or before is Status.SCHEDULED


def test_what_may_have_been_sent_is_never_given_back_without_knowing() -> None:
    assert (Status.SENDING, Cause.RELEASE, Status.SCHEDULED) not in TRANSITIONS
    assert {cause for start, cause, end in TRANSITIONS if start is Status.SENDING and end is Status.SCHEDULED} == {
        Cause.RETRY
    }
    assert {cause for start, cause, end in TRANSITIONS if start is Status.UNKNOWN and end is Status.SCHEDULED} == {
        Cause.SETTLE
    }
    assert ends(Status.SENDING, Cause.LOSE) == {Status.UNKNOWN}


@pytest.mark.parametrize("start", Status)
def test_a_receipt_is_understood_in_every_state_and_ends_the_same_in_any_order_and_doubled(start: Status) -> None:
    for said in PROOF:
        assert may_move(start, Cause.RECEIPT, told(start, said))
    for size in range(1, len(PROOF) + 1):
        for order in permutations(PROOF, size):
            assert last(start, order) == last(start, tuple(sorted(order, key=PROOF.index)))
            assert last(start, order + order) == last(start, order)


def last(start: Status, order: tuple[Status, ...]) -> Status:
    status = start
    for said in order:
        status = told(status, said)
    return status


@pytest.mark.parametrize("start", Status)
def test_an_outcome_that_comes_after_the_receipt_changes_nothing(start: Status) -> None:
    for said in PROOF:
        after = told(start, said)
        assert told(after, Status.ACCEPTED) is after
        assert may_move(after, Cause.ACCEPT, after)


def test_a_receipt_for_what_was_taken_for_lost_keeps_it_from_being_sent_again() -> None:
    for start in (Status.SCHEDULED, Status.CLAIMED, Status.HELD, Status.UNKNOWN):
        assert told(start, Status.ACCEPTED) is Status.ACCEPTED
        assert may_move(start, Cause.RECEIPT, Status.ACCEPTED)


def test_a_cancellation_reaches_all_that_is_unsent_and_nothing_else() -> None:
    assert {start for start, cause, _ in TRANSITIONS if cause is Cause.CANCEL} == UNSENT


def test_a_new_plan_reaches_what_is_in_no_providers_hands_and_brings_back_what_was_cancelled() -> None:
    assert {start for start, cause, _ in TRANSITIONS if cause is Cause.REPLAN} == REPLANNABLE
    assert may_move(Status.CANCELLED, Cause.REPLAN, Status.SCHEDULED)
    assert not REPLANNABLE & ({Status.SENDING, Status.UNKNOWN} | set(PROOF))


def test_a_claimed_message_can_be_taken_out_of_its_engines_hands() -> None:
    assert may_move(Status.CLAIMED, Cause.REPLAN, Status.SCHEDULED)
    assert may_move(Status.CLAIMED, Cause.CANCEL, Status.CANCELLED)


def test_only_receipts_and_doubled_outcomes_stay_where_they_are_and_plans_that_change_no_status() -> None:
    staying = {cause for start, cause, end in TRANSITIONS if start is end}
    assert staying == {Cause.RECEIPT, Cause.ACCEPT, Cause.REPLAN}


def test_a_held_message_waits_for_a_person() -> None:
    assert Status.CLAIMED not in ends(Status.HELD)
    assert ends(Status.HELD, Cause.RESUME) == {Status.SCHEDULED}


@given(st.sampled_from(Status), st.sampled_from(Cause), st.sampled_from(Status))
def test_may_move_is_the_table(start: Status, cause: Cause, end: Status) -> None:
    assert may_move(start, cause, end) == ((start, cause, end) in TRANSITIONS)


def test_no_message_before_the_hand_over_is_delivered_without_the_providers_word() -> None:
    for start, cause in product(NOT_HANDED_OVER, Cause):
        if cause not in (Cause.RECEIPT, Cause.SETTLE):
            assert Status.DELIVERED not in ends(start, cause)
