"""What a plan rests on: fingerprints of visits, their messages and the files, and in words what became different."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.changes import Change, InFlight
from scheduler.store.messages import Message

LENGTH = 16
"""Hexadecimal digits of a fingerprint: they tell versions of one thing apart, not strangers."""

_DIFFERENT = {
    "visit": "it was moved, or its status or its id at the clinic was changed",
    "exceptions": "an exception was made for it, or taken back",
    "patient": "its patient's name, id, addresses, language or time zone were changed",
}
_NOW_DEPENDENT = frozenset({"registered_late", "undo_grace", "spaced"})


def rests_on(visit: InFlight) -> dict[str, Any]:
    """Return the fingerprints of what the changes of a visit follow from, and of whom they are for.

    No patient's data is in them, only a hash of keyed hashes.
    """
    it, who = visit.appointment, visit.traits
    exceptions = sorted((step, wish.kind, str(wish.at)) for step, wish in visit.adjustments.items())
    return {
        "visit": _fingerprint(
            it.starts_at, it.ends_at, it.status, it.protocol_digest, sorted(it.pins.items()), it.external_id
        ),
        "exceptions": _fingerprint(exceptions),
        "patient": _fingerprint(
            *((who.ref, who.name, who.phone, who.email) if who else ()), visit.language, visit.reach.timezone
        ),
        "messages": {str(message.id): _of_message(message) for message in visit.messages},
    }


def difference(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say in words what became different; "" where all is as it was."""
    for part, words in _DIFFERENT.items():
        if then[part] != now[part]:
            return words
    before, after = then["messages"], now["messages"]
    for message in sorted({*before, *after}, key=int):
        if message not in before:
            return f"message {message} was added"
        if before[message] != after.get(message):
            return f"message {message} was sent, or something was decided about it"
    return ""


def said_of(change: Change) -> dict[str, Any]:
    """Return what a plan says of one change; a time that follows from the present is not said."""
    soon = change.planned is not None and any(it.code in _NOW_DEPENDENT for it in change.planned.reasons)
    return {
        "step": change.step,
        "channel": change.channel.value,
        "occurrence": change.occurrence,
        "change": change.kind.value,
        "from": change.from_at.isoformat() if change.from_at else None,
        "to": "at once" if soon else change.to_at.isoformat() if change.to_at else None,
    }


def files_digest(configuration: Configuration) -> str:
    """Return a fingerprint of what the files say about times: protocols, clinics' hours and zones, lateness."""
    instance = configuration.instance
    clinics = {
        name: repr((clinic.timezone, clinic.quiet_hours, clinic.closures, clinic.undo_grace))
        for name, clinic in configuration.clinics.items()
    }
    protocols = {treatment: protocol.digest for treatment, protocol in configuration.protocols.items()}
    overridden = {f"{clinic}/{name}": it.digest for (clinic, name), it in configuration.overridden.items()}
    return _hash(
        sorted(protocols.items()),
        sorted(overridden.items()),
        sorted(clinics.items()),
        instance.late_after,
        instance.late_spacing,
    )


def _of_message(message: Message) -> str:
    waits = message.status in (Status.SCHEDULED, Status.CLAIMED)  # what an engine only holds is not decided
    return _fingerprint(
        "waits" if waits else message.status,
        message.planned_at,
        message.due_at,
        message.useful_until,
        message.attempt,
    )


def _fingerprint(*values: object) -> str:
    return _hash(*values)[:LENGTH]


def _hash(*values: object) -> str:
    return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()
