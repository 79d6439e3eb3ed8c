"""Provider events and the rehearsal's outbox: stored once, sealed, given back opened."""

from datetime import timedelta

import pytest

from scheduler.domain.clinic import EmailSender, SmsSender
from scheduler.domain.outgoing import Outgoing, OutgoingEmail, OutgoingSms
from scheduler.domain.protocol import Channel
from scheduler.store.database import Store, Tx
from scheduler.store.outbox import keep, rehearsed
from scheduler.store.provider_events import add_provider_event, mark_handled, unhandled_events
from tests.store.samples import NOW

SMS = OutgoingSms("one", SmsSender(number="+14165550100"), "+14165550123", "Bonjour Zoë", NOW, NOW)
EMAIL = OutgoingEmail(
    "two", EmailSender("care@lumiere.example", "Lumière"), "zoe@patients.example", "<id@x>", b"MIME\xff\r\n", NOW
)


def event(tx: Tx, unique_id: str) -> int | None:
    return add_provider_event(
        tx, unique_id=unique_id, provider="twilio", kind="inbound", payload="Body=Merci", now=NOW
    )


def test_a_provider_event_is_stored_once(store: Store) -> None:
    with store.write() as tx:
        assert event(tx, "SM1") is not None
        assert event(tx, "SM1") is None


def test_events_wait_oldest_first_until_they_are_handled(store: Store) -> None:
    with store.write() as tx:
        first, second, _third = (event(tx, name) for name in ("SM1", "SM2", "SM3"))
        assert first
        assert second
        waiting = unhandled_events(tx, limit=2)
        assert [(it.id, it.unique_id) for it in waiting] == [(first, "SM1"), (second, "SM2")]
        mark_handled(tx, [first, second], now=NOW + timedelta(seconds=1))
        (last,) = unhandled_events(tx, limit=10)

    assert (last.unique_id, last.provider, last.kind, last.payload) == ("SM3", "twilio", "inbound", "Body=Merci")
    assert "Merci" not in repr(last)


@pytest.mark.parametrize(
    ("outgoing", "channel", "content"),
    [(SMS, Channel.SMS, "Bonjour Zoë".encode()), (EMAIL, Channel.EMAIL, b"MIME\xff\r\n")],
)
def test_the_outbox_gives_back_what_would_have_been_sent(
    store: Store, outgoing: Outgoing, channel: Channel, content: bytes
) -> None:
    with store.write() as tx:
        keep(tx, outgoing, now=NOW)
        keep(tx, outgoing, now=NOW)
    with store.read() as tx:
        (kept,) = rehearsed(tx, limit=10)

    assert (kept.attempt, kept.channel, kept.at) == (outgoing.attempt, channel, NOW)
    assert (kept.address, kept.content) == (outgoing.to, content)


def test_the_outbox_shows_the_newest_first(store: Store) -> None:
    with store.write() as tx:
        keep(tx, SMS, now=NOW)
        keep(tx, EMAIL, now=NOW)
        assert [kept.attempt for kept in rehearsed(tx, limit=10)] == ["two", "one"]
