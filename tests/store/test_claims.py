import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from scheduler.domain.states import Cause, Status
from scheduler.errors import ErrorKind
from scheduler.settings import Settings
from scheduler.store.attempts import attempts_of, find_attempt
from scheduler.store.claims import begin, claim_due, release_expired
from scheduler.store.database import Store, open_store
from scheduler.store.events import events_of_message
from scheduler.store.messages import next_wake
from scheduler.store.moves import Move, Outcome
from scheduler.store.transitions import finish, move_all
from tests.store.samples import LEASE, NOW, begun, claimed, many_due, message, planned, registered, start

SECOND = timedelta(seconds=1)


def test_the_longest_due_are_claimed_first_and_no_more_than_the_limit(store: Store) -> None:
    ids = many_due(store, 5)

    assert claimed(store, limit=3) == ids[:3]
    assert claimed(store, limit=3) == ids[3:]
    assert claimed(store, limit=3) == []


def test_what_is_not_due_yet_is_not_claimed(store: Store) -> None:
    (due, _later) = registered(store, [planned("a", due_at=NOW), planned("b", due_at=NOW + SECOND)])

    assert claimed(store) == [due]


def test_only_scheduled_messages_are_claimed(store: Store) -> None:
    registered(store, [planned("a", status=Status.HELD), planned("b", status=Status.EXPIRED)])

    assert claimed(store) == []


def test_a_claim_notes_the_owner_the_lease_and_an_event(store: Store) -> None:
    (one,) = registered(store, [planned()])
    claimed(store, owner="alice")

    row = message(store, one)
    assert (row.status, row.claimed_by, row.lease_until) == (Status.CLAIMED, "alice", NOW + LEASE)
    with store.read() as tx:
        (event,) = events_of_message(tx, one)
    assert (event.cause, event.from_status, event.to_status) == (Cause.CLAIM, Status.SCHEDULED, Status.CLAIMED)
    assert (event.at, event.by) == (NOW, "alice")


def test_two_engines_that_race_claim_each_message_once(settings: Settings) -> None:
    with open_store(settings) as first, open_store(settings) as second:
        ids = many_due(first, 300)
        gate = threading.Barrier(2)

        def take(store: Store, owner: str) -> list[int]:
            gate.wait()
            taken: list[int] = []
            while batch := claimed(store, owner=owner, limit=7):
                taken += batch
            return taken

        with ThreadPoolExecutor(2) as pool:
            halves = list(pool.map(take, (first, second), ("alice", "bob")))

        assert sorted(halves[0] + halves[1]) == sorted(ids)
        with first.read() as tx:
            assert all(len(events_of_message(tx, number)) == 1 for number in ids[::50])


@pytest.mark.postgres
def test_rows_that_another_transaction_claims_are_passed_over_on_postgresql(postgres_settings: Settings) -> None:
    with open_store(postgres_settings) as first, open_store(postgres_settings) as second:
        ids = many_due(first, 4)
        with first.write() as one, second.write() as two:
            assert claim_due(one, now=NOW, limit=2, lease=LEASE, owner="alice") == ids[:2]
            assert claim_due(two, now=NOW, limit=4, lease=LEASE, owner="bob") == ids[2:]


def test_beginning_records_the_attempt_before_anything_is_sent(store: Store) -> None:
    (one,) = registered(store, [planned()])
    claimed(store)
    with store.write() as tx:
        assert begin(tx, [start(one, body="Bonjour Zoë")], owner="alice", now=NOW) == [one]

    row = message(store, one)
    assert (row.status, row.attempt, row.tries, row.lease_until) == (Status.SENDING, "token-1", 1, NOW + LEASE)
    assert (row.language, row.template_digest, row.segments) == ("fr", "t" * 64, 1)
    with store.read() as tx:
        (attempt,) = attempts_of(tx, one)
    assert (attempt.token, attempt.owner, attempt.started_at) == ("token-1", "alice", NOW)
    assert (attempt.address, attempt.body, attempt.outcome) == ("+14165550123", "Bonjour Zoë", None)


def test_nothing_begins_that_another_holds_or_that_was_cancelled(store: Store) -> None:
    one, two, three = many_due(store, 3)
    claimed(store, owner="alice", limit=2)
    claimed(store, owner="bob", limit=1)
    with store.write() as tx:
        move_all(tx, [Move(two, Status.CLAIMED, Cause.CANCEL, Status.CANCELLED, by="desk")], now=NOW)

    assert begun(store, [one, two, three], owner="alice") == [one]
    with store.read() as tx:
        assert attempts_of(tx, two) == attempts_of(tx, three) == ()


def test_nothing_begins_once_the_lease_is_dead(store: Store) -> None:
    (one,) = registered(store, [planned()])
    claimed(store)

    assert begun(store, [one], now=NOW + LEASE) == []
    assert message(store, one).status is Status.CLAIMED


def test_an_email_that_is_sent_again_keeps_its_first_message_id(store: Store) -> None:
    (one,) = registered(store, [planned()])
    for turn, header in enumerate(("<first@x>", "<second@x>")):
        now = NOW + turn * SECOND
        claimed(store, now=now)
        with store.write() as tx:
            begin(tx, [start(one, f"token-{turn}", header_id=header)], owner="alice", now=now)
            again = Move(one, Status.SENDING, Cause.RETRY, Status.SCHEDULED, by="alice", try_at=now)
            finish(tx, [Outcome(f"token-{turn}", again)], now=now)

    assert message(store, one).header_id == "<first@x>"


def test_a_dead_lease_gives_a_claimed_message_back_and_loses_one_that_was_sending(store: Store) -> None:
    claimed_only, sending = many_due(store, 2)
    claimed(store)
    begun(store, [sending])
    with store.write() as tx:
        expired = release_expired(tx, now=NOW + LEASE)

    assert (expired.released, expired.lost) == ((claimed_only,), (sending,))
    assert message(store, claimed_only).status is Status.SCHEDULED
    lost = message(store, sending)
    assert (lost.status, lost.reasons[0].code, lost.lease_until) == (Status.UNKNOWN, "outcome_unknown", None)
    with store.read() as tx:
        (attempt,) = attempts_of(tx, sending)
        last = events_of_message(tx, sending)[-1]
    assert (attempt.outcome, attempt.finished_at) == (Status.UNKNOWN, NOW + LEASE)
    assert (last.cause, last.reasons[0].code) == (Cause.LOSE, "lease_lost")


def test_a_living_lease_is_left_alone(store: Store) -> None:
    many_due(store, 2)
    claimed(store)
    with store.write() as tx:
        expired = release_expired(tx, now=NOW + LEASE - SECOND)

    assert (expired.released, expired.lost) == ((), ())


def test_an_accepted_outcome_closes_the_attempt_and_moves_the_message(store: Store) -> None:
    (one,) = registered(store, [planned()])
    claimed(store)
    begun(store, [one])
    accepted = Move(one, Status.SENDING, Cause.ACCEPT, Status.ACCEPTED, by="alice")
    with store.write() as tx:
        assert finish(tx, [Outcome(f"token-{one}", accepted, provider_id="SM1")], now=NOW + SECOND) == [one]

    row = message(store, one)
    assert (row.status, row.provider_id, row.lease_until, row.claimed_by) == (Status.ACCEPTED, "SM1", None, None)
    with store.read() as tx:
        attempt = find_attempt(tx, f"token-{one}")
    assert attempt
    assert (attempt.outcome, attempt.provider_id, attempt.finished_at) == (Status.ACCEPTED, "SM1", NOW + SECOND)


def test_a_refusal_is_kept_with_its_kind_and_code_and_the_retry_with_its_time(store: Store) -> None:
    (one,) = registered(store, [planned()])
    claimed(store)
    begun(store, [one])
    again = Move(one, Status.SENDING, Cause.RETRY, Status.SCHEDULED, by="alice", try_at=NOW + 60 * SECOND)
    with store.write() as tx:
        finish(tx, [Outcome(f"token-{one}", again, error_kind=ErrorKind.TRANSIENT, error_code="429")], now=NOW)

    assert message(store, one).try_at == NOW + 60 * SECOND
    assert claimed(store, now=NOW + 59 * SECOND) == []
    assert claimed(store, now=NOW + 60 * SECOND) == [one]
    with store.read() as tx:
        (attempt,) = attempts_of(tx, one)
    assert (attempt.error_kind, attempt.error_code) == (ErrorKind.TRANSIENT, "429")


def test_an_outcome_that_comes_after_the_lease_died_is_kept_but_moves_nothing(store: Store) -> None:
    (one,) = registered(store, [planned()])
    claimed(store)
    begun(store, [one])
    late = Outcome(
        f"token-{one}", Move(one, Status.SENDING, Cause.ACCEPT, Status.ACCEPTED, by="alice"), provider_id="SM1"
    )
    with store.write() as tx:
        release_expired(tx, now=NOW + LEASE)
        assert finish(tx, [late], now=NOW + LEASE + SECOND) == []

    assert message(store, one).status is Status.UNKNOWN
    with store.read() as tx:
        (attempt,) = attempts_of(tx, one)
    assert (attempt.outcome, attempt.provider_id) == (Status.ACCEPTED, "SM1")


def test_the_outcome_of_an_old_attempt_does_not_end_a_newer_one(store: Store) -> None:
    (one,) = registered(store, [planned()])
    claimed(store)
    begun(store, [one])
    with store.write() as tx:
        release_expired(tx, now=NOW + LEASE)
        move_all(tx, [Move(one, Status.UNKNOWN, Cause.SETTLE, Status.SCHEDULED, by="settler", try_at=NOW)], now=NOW)
    claimed(store, owner="bob", now=NOW + LEASE)
    with store.write() as tx:
        begin(tx, [start(one, "token-new")], owner="bob", now=NOW + LEASE)
        old = Move(one, Status.SENDING, Cause.ACCEPT, Status.ACCEPTED, by="alice")
        assert finish(tx, [Outcome(f"token-{one}", old)], now=NOW + LEASE) == []

    row = message(store, one)
    assert (row.status, row.attempt, row.tries) == (Status.SENDING, "token-new", 2)


def test_the_next_wake_is_the_earliest_of_what_waits_and_what_is_leased(store: Store) -> None:
    def wake() -> object:
        with store.read() as tx:
            return next_wake(tx)

    assert wake() is None
    registered(store, [planned("a", due_at=NOW), planned("b", due_at=NOW + 60 * SECOND)])
    assert wake() == NOW
    claimed(store)
    assert wake() == NOW + LEASE
