"""The last refused call of a provider is kept, until one is taken in."""

from datetime import UTC, datetime, timedelta

from scheduler.store.database import Store
from scheduler.store.provider_events import add_provider_event
from scheduler.store.refused_calls import RefusedCall, keep_refused, refused_since_taken

DUE = datetime(2026, 3, 20, 14, tzinfo=UTC)
FIRST = RefusedCall("twilio", DUE, "of another address", "https://care.example.com/webhooks/twilio/inbound")


def refused(store: Store, provider: str = "twilio") -> RefusedCall | None:
    with store.read() as tx:
        return refused_since_taken(tx, provider)


def test_the_last_one_counts_until_a_call_of_that_provider_is_taken(store: Store) -> None:
    assert refused(store) is None
    last = RefusedCall("twilio", DUE + timedelta(minutes=1), FIRST.why, FIRST.expected)
    for call in (FIRST, last):
        with store.write() as tx:
            keep_refused(tx, call)
        assert refused(store) == call
    assert refused(store, "email") is None
    for provider, at, left in (("email", last.at, last), ("twilio", DUE, last), ("twilio", last.at, None)):
        with store.write() as tx:
            add_provider_event(tx, unique_id=f"{provider}{at}", provider=provider, kind="k", payload="", now=at)
        assert refused(store) == left
