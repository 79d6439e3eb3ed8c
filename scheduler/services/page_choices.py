"""The wishes that a patient's page shows and takes: which messages, on which channels, in which language."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.domain.consent import Source, consent_for
from scheduler.domain.ledger import Wishes
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.services.consent import set_preferences, stop_patient
from scheduler.services.page_visitor import Visitor
from scheduler.store.consents import is_stopped, ledgers_of
from scheduler.store.database import Tx
from scheduler.store.patients import described, get_patient, update_patient

BY = "patient:page"
"""Who goes on record for what is chosen on a page."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a patient may choose, and what holds. `channels` have an address; of these, `stopped` are stopped.

    `gets` says of each channel and purpose whether such a message would go out.
    """

    channels: tuple[Channel, ...]
    stopped: frozenset[Channel]
    gets: Mapping[tuple[Channel, Purpose], bool]
    languages: tuple[str, ...]
    language: str


def choices_of(tx: Tx, visitor: Visitor) -> Choices:
    """Return what the page shows of a patient's wishes."""
    patient, clinic = visitor.patient, visitor.clinic
    addresses = {channel: address for channel in PATIENT_CHANNELS if (address := patient.address(channel))}
    stopped = frozenset(channel for channel, it in addresses.items() if is_stopped(tx, clinic.id, channel, it))
    ledger = ledgers_of(tx, [patient.id])[patient.id]
    gets = {
        (channel, purpose): consent_for(
            channel, purpose, ledger, stopped=channel in stopped, when_unknown=clinic.consent_when_unknown
        ).given
        for channel in addresses
        for purpose in Purpose
    }
    return Choices(tuple(addresses), stopped, gets, clinic.languages, visitor.language)


def choose(
    tx: Tx,
    visitor: Visitor,
    changed: Wishes,
    language: str,
    *,
    wording: str,
    version: str,
    now: datetime,
) -> None:
    """Put on record what a patient changed, and the language.

    `changed` are the boxes that are not as the page showed them. What was shown ticked and left so lifts no stop that
    came meanwhile: it is no word of the patient. A language that the clinic does not speak changes nothing.
    `wording` and `version` say what the patient read. The caller commits.
    """
    offered = choices_of(tx, visitor).gets
    if language in visitor.clinic.languages and language != visitor.language:
        patient = get_patient(tx, visitor.patient.id)
        update_patient(tx, described(tx.vault, replace(patient, language=language)), now=now)
    wishes = {key: wish for key, wish in changed.items() if key in offered}
    set_preferences(
        tx, visitor.patient.id, wishes, source=Source.PAGE, by=BY, now=now, wording=wording, version=version
    )


def stop_all(tx: Tx, visitor: Visitor, *, wording: str, version: str, now: datetime) -> None:
    """Stop all messages of the clinic to the patient's addresses. The caller commits."""
    stop_patient(tx, visitor.patient.id, source=Source.PAGE, by=BY, now=now, wording=wording, version=version)
