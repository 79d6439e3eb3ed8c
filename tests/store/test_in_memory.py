"""The database of simulations: the program's own tables, in memory, empty whenever that is wanted."""

import sqlalchemy as sa

from scheduler.domain.alert import AlertKind
from scheduler.store.alerts import open_alerts, raise_alert
from scheduler.store.all_tables import metadata
from scheduler.store.in_memory import InMemoryStore
from tests.services.house import REGISTERED


def filled() -> InMemoryStore:
    store = InMemoryStore()
    store.empty()
    with store.write() as tx:
        raise_alert(tx, AlertKind.DOUBT, "installation", reasons=(), now=REGISTERED)
    return store


def test_it_has_every_table_and_keeps_what_is_written() -> None:
    store = filled()
    with store.read() as tx:
        assert set(metadata.tables) <= set(sa.inspect(tx.connection).get_table_names())
        assert len(open_alerts(tx)) == 1
    store.close()


def test_emptied_it_is_as_if_nothing_had_been_in_it() -> None:
    store = filled()
    store.empty()
    with store.read() as tx:
        assert open_alerts(tx) == ()
    store.close()


def test_two_of_them_see_nothing_of_each_other() -> None:
    first, second = filled(), InMemoryStore()
    second.empty()
    with first.read() as mine, second.read() as theirs:
        assert (len(open_alerts(mine)), len(open_alerts(theirs))) == (1, 0)
    first.close()
    second.close()
