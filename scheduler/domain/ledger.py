"""Which lines a stop, a start, a person's word or a patient's wishes add to a consent ledger. What is there stays."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from scheduler.domain.consent import REGISTRATION, Entry, Source, Verdict, valid_entry
from scheduler.domain.protocol import Channel, Purpose

Wishes = Mapping[tuple[Channel, Purpose], bool]
"""What a patient wants to get: by channel and purpose. What is not in it stays as it is."""


def entries_at_stop(
    channel: Channel, ledger: Iterable[Entry], *, is_new: bool, at: datetime, source: Source
) -> tuple[Entry, ...]:
    """Return the lines of a stop of the patient's address: a `revoked` for every purpose on that channel.

    `is_new`: the address was not stopped before. A stop that is repeated adds nothing to what is revoked already;
    a new one does, for it counts more than a refusal at registration, which the next registration may lift.
    """
    known = tuple(ledger)
    return tuple(
        Entry(channel, purpose, Verdict.REVOKED, at, source.value)
        for purpose in Purpose
        if is_new or not _is_revoked(valid_entry(known, channel, purpose))
    )


def entries_at_start(
    channel: Channel, ledger: Iterable[Entry], *, stopped_at: datetime | None, at: datetime, source: Source
) -> tuple[Entry, ...]:
    """Return the lines of a START: messages of the clinic may come again, as they did before the stop.

    `stopped_at` is when the address was stopped, None when it was not.

    1. Care: granted. Whoever asks for messages asks for these.
    2. Recall: granted too, unless the patient had turned off recalls alone, which a START says nothing of.
    3. Marketing: granted only where it was in force when the stop came. A bare START is no express consent to
       advertising (CASL, s. 6; PECR, reg. 22); it takes back a stop, and gives nothing that was not there before.
    """
    known = tuple(ledger)
    return tuple(
        Entry(channel, purpose, Verdict.GRANTED, at, source.value)
        for purpose in Purpose
        if not _is_granted(valid_entry(known, channel, purpose))
        and _comes_back(purpose, _before(known, channel, purpose, stopped_at))
    )


def entries_as_wished(
    wishes: Wishes, ledger: Iterable[Entry], *, lifted: Collection[Channel], at: datetime, source: Source
) -> tuple[Entry, ...]:
    """Return the lines for what a patient changed on a form that shows what holds.

    What the form showed and was left so is no word of the patient: a box that was ticked before proves nothing.
    Where the ledger says nothing, the form showed the clinic's setting, and the answer is entered. `lifted`: channels
    whose address was stopped until now; what is wished on one of them was chosen.
    """
    known = tuple(ledger)
    return tuple(
        Entry(channel, purpose, Verdict.GRANTED if wish else Verdict.REVOKED, at, source.value)
        for (channel, purpose), wish in wishes.items()
        if _differs(valid_entry(known, channel, purpose), wish=wish) or (wish and channel in lifted)
    )


def entries_as_said(
    verdict: Verdict,
    channels: Iterable[Channel],
    purposes: Collection[Purpose],
    ledger: Iterable[Entry],
    *,
    at: datetime,
    source: Source,
) -> tuple[Entry, ...]:
    """Return the lines for what a patient said to a person, where the ledger does not say so already.

    A word takes the place of an assumption, and a refusal that of one from a registration: the next registration
    does not lift it.
    """
    known = tuple(ledger)
    return tuple(
        Entry(channel, purpose, verdict, at, source.value)
        for channel in channels
        for purpose in purposes
        if not _says(valid_entry(known, channel, purpose), verdict)
    )


def _says(entry: Entry | None, verdict: Verdict) -> bool:
    same = entry is not None and entry.verdict is verdict
    return same and not (entry and verdict is Verdict.REVOKED and entry.source == REGISTRATION)


def _before(
    ledger: tuple[Entry, ...], channel: Channel, purpose: Purpose, stopped_at: datetime | None
) -> Entry | None:
    """Return what counted when the stop came: the stop's own lines, and what repeated it, left out."""
    if stopped_at is None:
        return valid_entry(ledger, channel, purpose)
    return valid_entry((it for it in ledger if not (_is_revoked(it) and it.at >= stopped_at)), channel, purpose)


def _comes_back(purpose: Purpose, before: Entry | None) -> bool:
    match purpose:
        case Purpose.CARE:
            return True
        case Purpose.RECALL:
            return before is None or not _is_revoked(before) or before.source == REGISTRATION
        case Purpose.MARKETING:
            return _is_granted(before)


def _differs(entry: Entry | None, *, wish: bool) -> bool:
    return entry is None or entry.verdict.allows is not wish


def _is_granted(entry: Entry | None) -> bool:
    return entry is not None and entry.verdict is Verdict.GRANTED


def _is_revoked(entry: Entry | None) -> bool:
    return entry is not None and entry.verdict is Verdict.REVOKED
