"""What staff see of the inbox: its lines with who wrote and what, and how much of it is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.content.formats import clean
from scheduler.domain.access import Scope
from scheduler.domain.alert import OF_A_PATIENT, AlertKind
from scheduler.store.database import Store, Tx
from scheduler.store.desk_messages import SUBJECT
from scheduler.store.inbox import ALERT, InboxCounts, InboxRow, Place, View, list_inbox
from scheduler.store.inbox import inbox_counts as counts_of
from scheduler.store.inbox_facts import names_of, patients_of_messages, replies_by_id
from scheduler.store.replies import Reply

PAGE = 50
LONGEST = 200
"""Characters of what somebody wrote that a line shows."""


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One line as staff see it. `name` is the patient's, "" where nobody knows for certain or it can't be opened.

    `words` begin what was written last, "" for a fault; `reply` is that, None where there is none. `unreadable`: it
    can't be opened with the keys at hand.
    """

    row: InboxRow
    reply: Reply | None = field(repr=False)
    patient_id: int | None
    name: str = field(repr=False)
    words: str = field(repr=False)

    @property
    def unreadable(self) -> bool:
        """Whether what was written can't be opened."""
        return self.reply is not None and not self.reply.readable

    @property
    def since(self) -> datetime:
        """When the words that it shows came, else since when it is open."""
        return self.reply.received_at if self.reply else self.row.since

    @property
    def source(self) -> str:
        """Which booking system it is about, "" for anything else: several may have something open at once."""
        parts = self.row.subject.split("/")
        return clean(parts[2]) if self.row.kind is AlertKind.INTAKE and len(parts) > 2 else ""  # noqa: PLR2004  (what of, whose, which)

    @property
    def path(self) -> str:
        """Where its thread is, below the console's root."""
        return f"/inbox/{'alerts' if self.row.source == ALERT else 'replies'}/{self.row.id}"


@dataclass(frozen=True, slots=True)
class InboxPage:
    """A page of the list; `later` is where the next begins, None where this was the last."""

    items: tuple[InboxItem, ...]
    later: Place | None


def inbox_counts(store: Store, scope: Scope) -> InboxCounts:
    """Return how much is open at these clinics, and how much of that is urgent. Blocks. Raises StoreError."""
    with store.read() as tx:
        return counts_of(tx, scope)


def inbox_page(
    tx: Tx, scope: Scope, view: View, *, by: str, after: Place | None = None, limit: int = PAGE
) -> InboxPage:
    """Return a page of the inbox. `by` is who looks; what can't be opened hides nothing else."""
    rows = list_inbox(tx, scope, view, by=by, after=after, limit=limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    replies = replies_by_id(tx, [it.reply_id for it in rows if it.reply_id is not None])
    patients = _patients(tx, rows, replies)
    names = names_of(tx, set(patients.values()))
    items = tuple(_item(row, replies, patients.get(_key(row)), names) for row in rows)
    return InboxPage(items, rows[-1].place if more else None)


def _item(row: InboxRow, replies: Mapping[int, Reply], patient: int | None, names: Mapping[int, str]) -> InboxItem:
    reply = replies.get(row.reply_id) if row.reply_id is not None else None
    name = clean(names.get(patient, "")) if patient is not None else ""
    return InboxItem(row, reply, patient, name, clean(reply.body)[:LONGEST] if reply else "")


def _key(row: InboxRow) -> tuple[str, int]:
    return row.source, row.id


def _patients(tx: Tx, rows: Sequence[InboxRow], replies: Mapping[int, Reply]) -> dict[tuple[str, int], int]:
    """Return whom each line is about: who wrote, or whom the subject of an alert names."""
    found: dict[tuple[str, int], int] = {}
    texts: dict[tuple[str, int], int] = {}
    for row in rows:
        reply = replies.get(row.reply_id) if row.reply_id is not None else None
        kind, _, number = row.subject.partition("/")
        if reply and reply.patient_id is not None:
            found[_key(row)] = reply.patient_id
        elif number.isdecimal() and f"{kind}/" == OF_A_PATIENT:
            found[_key(row)] = int(number)
        elif number.isdecimal() and f"{kind}/" == SUBJECT:
            texts[_key(row)] = int(number)
    addressed = patients_of_messages(tx, texts.values())
    return found | {key: addressed[message] for key, message in texts.items() if message in addressed}
