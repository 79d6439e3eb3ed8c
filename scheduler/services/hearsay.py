"""What a patient was advised for other visits and still holds: looked up only for advice that could contradict it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.advised import held
from scheduler.domain.timing import visit_of
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import Heard, step_of
from scheduler.store.database import Tx
from scheduler.store.due import DueMessage
from scheduler.store.heard import SentStep, sent_steps
from scheduler.store.versions import versions_of

LOOK_BACK = timedelta(days=180)
"""Advice that was given longer ago is no longer looked for."""


def what_was_heard(
    tx: Tx, configuration: Configuration, dues: Sequence[DueMessage], *, now: datetime
) -> Mapping[int, Sequence[Heard]]:
    """Return by patient what was advised, for those whose message gives advice that some other tag contradicts."""
    contested = configuration.advice.contested
    if not contested:
        return {}
    zones = {due.patient.id: due.patient.timezone for due in dues if _advises(due, configuration, contested)}
    if not zones:
        return {}
    sent = sent_steps(tx, zones.keys(), since=now - LOOK_BACK)
    heard: dict[int, list[Heard]] = defaultdict(list)
    for one, advised in _advice(tx, configuration, sent, zones):
        heard[one.patient_id].append(advised)
    return heard


def _advises(due: DueMessage, configuration: Configuration, contested: frozenset[str]) -> bool:
    if due.message.clinic not in configuration.clinics:
        return False
    step = step_of(due, configuration)
    return step is not None and any(advice.tag in contested for advice in step.advice)


def _advice(
    tx: Tx, configuration: Configuration, sent: Sequence[SentStep], zones: Mapping[int, str | None]
) -> Iterator[tuple[SentStep, Heard]]:
    kept = versions_of(tx, {one.protocol_digest for one in sent if one.protocol_digest})
    for one in sent:
        clinic, zone = configuration.clinics.get(one.clinic), zones[one.patient_id]
        protocol = kept.get(one.protocol_digest or "")
        if protocol is None and clinic and one.treatment in configuration.protocols:
            protocol = configuration.protocol_for(one.clinic, one.treatment)
        step = protocol.step(one.step) if protocol else None
        if protocol and step and clinic:
            visit = visit_of(one.visit, protocol.duration, clinic.timezone, ZoneInfo(zone) if zone else None)
            for advised in held(step.advice, visit):
                yield one, Heard(one.appointment, advised)
