"""What is known of the people and visits that a batch of registrations is about, in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.consent import Entry
from scheduler.store.consents import ledgers_of
from scheduler.store.database import Tx
from scheduler.store.patients import Traits
from scheduler.store.people import People, find_people
from scheduler.store.visits import Visits, find_visits, newest_words


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a registration is looked up by; `starts_at` is aware UTC, `patient` our number where it is known."""

    traits: Traits
    external_id: str | None
    starts_at: datetime
    patient: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The persons, their visits, and their consents by patient, as they are in this transaction."""

    people: People
    visits: Visits
    ledgers: dict[int, tuple[Entry, ...]]
    said: dict[int, datetime]
    """When sources last changed what they say of a person's visits, by patient; where that is wanted."""


def look_up(
    tx: Tx, clinic: str, wanted: Sequence[Wanted], external_ids: Sequence[str] = (), *, dated: bool = False
) -> Known:
    """Look up what these registrations, and further external ids, may be about at a clinic.

    `dated`: look up how new the words are on these people, too. In a writing transaction nobody else registers at
    that clinic, or changes what was found, until the commit: so two registrations of one new person, or of one
    new visit, add it once.
    """
    hold = tx.writing and tx.dialect == "postgresql"  # SQLite has one writer at a time and needs none of it
    if hold:
        wait_for_turn(tx, clinic)
    named = {*external_ids, *(it.external_id for it in wanted if it.external_id)}
    numbers = {it.patient for it in wanted if it.patient is not None}
    people = find_people(tx, clinic, [it.traits for it in wanted], named, numbers, hold=hold)
    visits = find_visits(tx, clinic, named, people, [it.starts_at for it in wanted], hold=hold)
    said = dict(newest_words(tx, people)) if dated else {}
    return Known(people, visits, dict(ledgers_of(tx, people)), said)


def wait_for_turn(tx: Tx, clinic: str) -> None:
    """Hold the registration of a clinic until the commit. Taken before any row, so that nobody waits in a circle.

    SQLite has one writer at a time and needs none of it.
    """
    if tx.dialect != "postgresql":
        return
    number = int.from_bytes(tx.vault.lookup(clinic, of="turn")[:8], signed=True)
    tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
