"""All that is held of one patient, for the person themselves: one file for machines, one for people, in a ZIP."""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from scheduler.content.evidence import evidence_page
from scheduler.domain.notice import MessageKind
from scheduler.protocols.configuration import Configuration
from scheduler.services.evidence import evidence
from scheduler.services.evidence_messages import Row, handed_answer
from scheduler.store.database import Tx
from scheduler.store.messages import Message
from scheduler.store.patient_file import erasure_of, notices_to, registered_at, words_of_staff
from scheduler.store.patients import get_patient
from scheduler.store.pauses import pauses_of


def export_patient(tx: Tx, configuration: Configuration, patient_id: int, *, now: datetime) -> Mapping[str, Any]:
    """Return everything that is held of a patient, ready for JSON but for its instants (aware UTC).

    It is the patient's evidence with what that leaves out: the zone, pauses, and what staff wrote. Raises
    NotFoundError; KeysError where something can't be opened; ConfigError where the clinic's file is gone.
    """
    patient, erased = get_patient(tx, patient_id), erasure_of(tx, patient_id)
    told = dict(evidence(tx, configuration, patient_id, now=now))
    own = {
        "time_zone": patient.timezone,
        "registered_at": registered_at(tx, patient_id),
        "erased_at": erased.at if erased else None,
    }
    told["patient"] = {**told["patient"], **own}
    told["pauses"] = [
        {"at": it.pause.at, "by": it.pause.by, "channel": it.pause.scope.channel, "why": it.why, "lifted_at": lifted}
        for it, lifted in pauses_of(tx, patient_id)
    ]
    told["written_by_staff"] = [
        _written(tx, it) for it in notices_to(tx, patient_id, ()) if it.kind is MessageKind.DESK
    ]
    return told


def zipped(told: Mapping[str, Any]) -> bytes:
    """Return what `export_patient` gave as a ZIP of a JSON file and a page, named by the patient's number only."""
    name = f"patient-{told['patient']['patient']}"
    when = told["made_at"].astimezone(UTC).timetuple()[:6]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix, text in (("json", as_json(told)), ("html", evidence_page(told))):
            entry = zipfile.ZipInfo(f"{name}/{name}.{suffix}", date_time=when)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, text)
    return packed.getvalue()


def as_json(told: Mapping[str, Any]) -> str:
    """Return it as JSON; instants are ISO 8601 in UTC with Z."""
    return json.dumps(told, default=_plain, ensure_ascii=False, indent=2) + "\n"


def _written(tx: Tx, message: Message) -> Row:
    return {
        "id": message.id,
        "channel": message.channel.value,
        "due_at": message.due_at,
        "status": message.status.value,
        "reply": message.reply_id,
        "text": words_of_staff(tx, message),
        "hand_overs": handed_answer(tx, message.id),
    }


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form here")
