from dataclasses import replace

import pytest
import sqlalchemy as sa

from scheduler.domain.consent import Entry, Verdict
from scheduler.domain.protocol import Channel, Purpose
from scheduler.errors import KeysError
from scheduler.settings import Settings
from scheduler.store import rekey
from scheduler.store.all_tables import metadata
from scheduler.store.attempts import attempts_of
from scheduler.store.consents import add_entries
from scheduler.store.database import Store, open_store
from scheduler.store.outbox import keep, rehearsed
from scheduler.store.patients import get_patient
from scheduler.store.provider_events import add_provider_event, unhandled_events
from scheduler.store.rekey import rekey_all
from tests.postgres import TEST_KEYS
from tests.store.samples import NOW, Person, begun, claimed, find, message, planned, registered
from tests.store.test_kept import SMS
from tests.store.test_keys import a_key

OLD, NEW = TEST_KEYS["AFTERCARE_ENCRYPTION_KEY"], a_key("N")


def fill(store: Store, people: int = 1) -> list[int]:
    """Put something into every sealed column; return the messages."""
    ids = [registered(store, [planned()], Person(f"Zoë {n}", ref=f"P-{n}"))[0] for n in range(people)]
    claimed(store)
    begun(store, ids)
    with store.write() as tx:
        entry = Entry(Channel.SMS, Purpose.CARE, Verdict.REVOKED, NOW, "reply")
        add_entries(tx, [(1, entry)], by="patient", wording="Please stop")
        keep(tx, SMS, now=NOW)
        add_provider_event(tx, unique_id="SM1", provider="twilio", kind="inbound", payload="Body=Merci", now=NOW)
    return ids


def prefixes(store: Store) -> set[bytes]:
    columns = [column for table in metadata.sorted_tables for column in table.columns if "of" in column.info]
    with store.read() as tx:
        return {
            value[:5]
            for column in columns
            for value in tx.connection.scalars(sa.select(column).where(column.is_not(None)))
        }


def test_after_a_rekey_everything_opens_with_the_new_key_alone(settings: Settings) -> None:
    with open_store(settings) as store:
        (one,) = fill(store)
    with open_store(replace(settings, encryption_key=f"{NEW},{OLD}")) as store:
        progress: list[tuple[int, int]] = []
        # Patient 4, attempt 2, ledger 1, outbox 2, provider event 1.
        assert rekey_all(store, progress=lambda done, total: progress.append((done, total))) == 10
        assert (progress[0], progress[-1]) == ((0, 10), (10, 10))

    with open_store(replace(settings, encryption_key=NEW)) as store, store.read() as tx:
        assert find(tx, Person("Zoë 0"))
        assert get_patient(tx, 1).ref == "P-0"
        assert attempts_of(tx, one)[0].body == "Bonjour Zoë"
        assert rehearsed(tx, limit=1)[0].content == "Bonjour Zoë".encode()
        assert unhandled_events(tx, limit=1)[0].payload == "Body=Merci"
    with pytest.raises(KeysError, match="lacks the key"):
        open_store(settings)


def test_a_second_rekey_finds_nothing_to_do(settings: Settings) -> None:
    with open_store(replace(settings, encryption_key=f"{NEW},{OLD}")) as store:
        fill(store)
        assert rekey_all(store) == 0


def test_an_interrupted_rekey_goes_on_where_it_was(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekey, "BATCH", 2)

    def interrupt(done: int, _total: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    with open_store(settings) as store:
        ids = fill(store, people=5)
    with open_store(replace(settings, encryption_key=f"{NEW},{OLD}")) as store:
        with pytest.raises(KeyboardInterrupt):
            rekey_all(store, progress=interrupt)
        assert len(prefixes(store)) == 2
        assert rekey_all(store) == 5 * 6 + 4 - 6
        assert prefixes(store) == {store.vault.prefix}
        assert message(store, ids[0]).tries == 1


def test_a_key_that_is_missing_from_the_list_stops_a_rekey_before_it_begins(settings: Settings) -> None:
    with open_store(settings) as store:
        fill(store)
    with pytest.raises(KeysError, match="add that key to the list"):
        open_store(replace(settings, encryption_key=NEW))
