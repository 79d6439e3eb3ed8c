"""The inbox's list: by urgency and age, within the clinics of who looks, paged without gaps; constant statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.domain.alert import AlertKind
from scheduler.domain.triage import Triage
from scheduler.store.alerts import close_alert, get_alert, raise_alert, take_alert
from scheduler.store.database import Store, Tx
from scheduler.store.inbox import View, inbox_counts, list_inbox, read_place, write_place
from scheduler.store.joins import join_alert
from scheduler.store.replies import NewReply, add_reply, mark_reply_handled, take_reply

START = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
EVERY = Scope(None)
NORTH = Scope(frozenset({"north"}))


def reply(tx: Tx, triage: Triage, minutes: int, clinic: str | None = "north") -> int:
    at = START + timedelta(minutes=minutes)
    new = NewReply(
        f"u{triage}{minutes}{clinic}", "sms", clinic, "+1", "+2", "words", 0, at, None, None, triage, (), stops=False
    )
    added = add_reply(tx, new, now=at, by="test")
    assert added is not None
    return added


def alert(tx: Tx, kind: AlertKind, minutes: int, clinic: str | None = "north", reply_id: int | None = None) -> int:
    at = START + timedelta(minutes=minutes)
    opened = raise_alert(tx, kind, f"{kind}/{minutes}/{clinic}", reasons=(), now=at, clinic=clinic, reply_id=reply_id)
    assert opened is not None
    return opened.id


def fill(store: Store) -> dict[str, tuple[str, int]]:
    """Put one of each kind into the inbox; return them by name, in the order in which they are listed."""
    with store.write() as tx:
        fault = alert(tx, AlertKind.CIRCUIT, 0, None)
        unclear = reply(tx, Triage.UNKNOWN, 1)
        question = alert(tx, AlertKind.REPLY, 2, reply_id=reply(tx, Triage.QUESTION, 2))
        concern = reply(tx, Triage.CONCERN, 3)
        late_urgent = alert(tx, AlertKind.URGENT, 5, reply_id=reply(tx, Triage.URGENT, 5))
        urgent = alert(tx, AlertKind.URGENT, 4, reply_id=reply(tx, Triage.URGENT, 4))
        reply(tx, Triage.FINE, 6)
        elsewhere = alert(tx, AlertKind.URGENT, 1, "south", reply_id=reply(tx, Triage.URGENT, 1, "south"))
    return {
        "elsewhere": ("alert", elsewhere),
        "urgent": ("alert", urgent),
        "late_urgent": ("alert", late_urgent),
        "concern": ("reply", concern),
        "question": ("alert", question),
        "unclear": ("reply", unclear),
        "fault": ("alert", fault),
    }


def listed(store: Store, scope: Scope, view: View = View.OPEN, by: str = "user:anna") -> list[tuple[str, int]]:
    with store.read() as tx:
        return [(it.source, it.id) for it in list_inbox(tx, scope, view, by=by)]


def test_the_most_urgent_comes_first_then_the_oldest_and_faults_last(store: Store) -> None:
    known = fill(store)
    assert listed(store, EVERY) == list(known.values())


def test_who_has_one_clinic_sees_that_and_what_belongs_to_none(store: Store) -> None:
    known = fill(store)
    del known["elsewhere"]
    assert listed(store, NORTH) == list(known.values())


def test_the_counts_are_of_what_is_listed(store: Store) -> None:
    fill(store)
    with store.read() as tx:
        everywhere, north = inbox_counts(tx, EVERY), inbox_counts(tx, NORTH)
    assert (everywhere.open, everywhere.urgent) == (7, 3)
    assert (north.open, north.urgent) == (6, 2)


def test_an_empty_inbox_counts_nothing(store: Store) -> None:
    with store.read() as tx:
        found = inbox_counts(tx, EVERY)
    assert (found.open, found.urgent) == (0, 0)


@pytest.mark.parametrize("view", list(View))
def test_pages_have_each_line_once_and_in_order(store: Store, view: View) -> None:
    known = fill(store)
    with store.write() as tx:
        for source, number in known.values():
            if view is View.DONE and source == "alert":
                close_alert(tx, number, now=START + timedelta(hours=number))
            elif view is View.DONE:
                mark_reply_handled(tx, number, now=START + timedelta(hours=number), by="Ada")
            elif view is View.MINE and source == "alert":
                take_alert(tx, number, by="user:anna", now=START)
            elif view is View.MINE:
                take_reply(tx, number, by="user:anna", now=START)
    whole, paged, place = listed(store, EVERY, view), [], None
    with store.read() as tx:
        while page := list_inbox(tx, EVERY, view, by="user:anna", after=place, limit=2):
            paged += [(it.source, it.id) for it in page]
            place = read_place(write_place(page[-1].place))
            assert place == page[-1].place
    assert len(whole) >= 6
    assert paged == whole


def test_what_somebody_has_taken_is_mine_or_not_free(store: Store) -> None:
    known = fill(store)
    with store.write() as tx:
        take_alert(tx, known["urgent"][1], by="user:anna", now=START)
        take_reply(tx, known["concern"][1], by="user:anna", now=START)
        take_alert(tx, known["question"][1], by="user:ben", now=START)
    assert listed(store, EVERY, View.MINE) == [known["urgent"], known["concern"]]
    free = listed(store, EVERY, View.FREE)
    assert not {known["urgent"], known["concern"], known["question"]} & set(free)


def test_an_alert_ranks_by_the_gravest_that_joined_it_and_its_replies_stand_nowhere_else(store: Store) -> None:
    with store.write() as tx:
        first = reply(tx, Triage.QUESTION, 0)
        asked = alert(tx, AlertKind.REPLY, 0, reply_id=first)
        later = reply(tx, Triage.CONCERN, 9)
        join_alert(tx, get_alert(tx, asked), later, kind=AlertKind.REPLY, reasons=())
    with store.read() as tx:
        (row,) = list_inbox(tx, EVERY, View.OPEN, by="")
    assert (row.rank, row.reply_id, row.replies) == (1, later, 2)


@contextmanager
def counted(tx: Tx) -> Iterator[list[str]]:
    seen: list[str] = []

    def hear(*said: object) -> None:
        seen.append(str(said[2]))

    sa.event.listen(tx.connection, "before_cursor_execute", hear)
    yield seen
    sa.event.remove(tx.connection, "before_cursor_execute", hear)


def test_a_page_and_the_counts_are_a_statement_each(store: Store) -> None:
    fill(store)
    with store.read() as tx, counted(tx) as seen:
        list_inbox(tx, EVERY, View.OPEN, by="")
        inbox_counts(tx, EVERY)
    assert len(seen) == 2


@pytest.mark.parametrize(
    "text",
    ["", "x", "1~x~alert~1", "0~2026-01-01T00:00:00~alert~1", "9~2026-01-01T00:00:00Z~alert~1", "~~~", "a" * 999],
)
def test_what_is_no_place_is_none(text: str) -> None:
    assert read_place(text) is None
