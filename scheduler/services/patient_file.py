"""All that the clinic's desk shows of one patient: who it is, the visits, one of them with its story, what holds.

One look is a constant number of queries, however long the patient has been one.
"""

from collections.abc import Sequence
from datetime import datetime

from scheduler.content.render import RenderedEmail
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import consent_for, valid_entry
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.domain.segments import count_segments
from scheduler.domain.states import UNSENT
from scheduler.errors import TemplateError
from scheduler.services.desk import Desk
from scheduler.services.letters import Writer
from scheduler.services.patient_parts import Answer, Heard, Held, Line, Noted, OpenVisit, PatientFile, Text, VisitLine
from scheduler.services.timeline import reasons_of
from scheduler.store.adjustments import adjustments_of, note_of
from scheduler.store.alerts import alerts_of_replies
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.attempts import Attempt, attempts_of_several
from scheduler.store.correspondence import written_by
from scheduler.store.database import Tx
from scheduler.store.dossier import spoke_for
from scheduler.store.due import DueMessage, load_due
from scheduler.store.events import events_of_visit
from scheduler.store.messages import Message, messages_of
from scheduler.store.patient_file import (
    AddressStop,
    LedgerLine,
    alerts_about_patient,
    count_visits,
    counts_of_visits,
    erasure_of,
    histories_of,
    latest_visits,
    ledger_of,
    notices_to,
    stops_of,
    words_of_staff,
)
from scheduler.store.patients import Patient
from scheduler.store.pauses import orders_covering

VISITS = 20
"""On one page, each in a line but the open one."""
REPLIES = 50


def patient_file(
    tx: Tx, desk: Desk, patient: Patient, *, visit: int | None = None, before: int | None = None
) -> PatientFile:
    """Return what is to be shown of a patient now; `visit` is the one to open, else the latest that takes place.

    `before` pages to earlier visits. Raises KeysError where something can't be opened.
    """
    now = desk.clock.now()
    clinic = desk.configuration.clinics.get(patient.clinic)
    found = latest_visits(tx, patient.id, limit=VISITS + 1, before=before)
    shown, more = found[:VISITS], len(found) > VISITS
    chosen = _chosen(tx, patient, shown, visit)
    counts = counts_of_visits(tx, [it.id for it in shown])
    replies = written_by(tx, patient.id, limit=REPLIES)
    answers = _answers(tx, notices_to(tx, patient.id, [it.id for it in replies]))
    alerts = alerts_of_replies(tx, [it.id for it in replies])
    ledger, stops = ledger_of(tx, patient.id), stops_of(tx, patient)
    return PatientFile(
        patient=patient,
        clinic=clinic,
        erasure=erasure_of(tx, patient.id),
        visits=tuple(VisitLine(it, counts[it.id]) for it in shown),
        total=count_visits(tx, patient.id),
        before=shown[-1].id if more else None,
        opened=_open(tx, desk, chosen, now) if chosen else None,
        heard=tuple(
            Heard(
                it,
                tuple(one for one in answers if one.message.reply_id == it.id),
                tuple(one for one in alerts if one.reply_id == it.id),
            )
            for it in replies
        ),
        said=tuple(it for it in answers if it.message.kind is MessageKind.DESK and it.message.reply_id is None),
        alerts=alerts_about_patient(tx, patient.id),
        held=_held(patient, clinic, ledger, stops) if clinic else (),
        ledger=ledger,
        stops=stops,
        pauses=orders_covering(tx, patient.clinic, patient.id),
    )


def _chosen(
    tx: Tx, patient: Patient, shown: Sequence[StoredAppointment], wanted: int | None
) -> StoredAppointment | None:
    if wanted is not None:
        found = get_appointment(tx, wanted)
        if found.patient_id == patient.id:
            return found
    on = (it for it in shown if it.status.value in ("booked", "completed"))
    return next(on, shown[0] if shown else None)


def _open(tx: Tx, desk: Desk, visit: StoredAppointment, now: datetime) -> OpenVisit:
    messages = messages_of(tx, visit.id)
    ids = [it.id for it in messages]
    loaded = load_due(tx, ids, now=now)
    known = visit.clinic in desk.configuration.clinics
    approver = desk.approver
    reasons = reasons_of(tx, desk.configuration, loaded, now=now, approver=approver) if known else {}
    tried, histories = attempts_of_several(tx, ids), histories_of(tx, ids)
    spoken = spoke_for(tx, [it.token for several in tried.values() for it in several]) if tried else {}
    exceptions = adjustments_of(tx, visit.id)
    in_force = {it.adjustment.step: it for it in exceptions if it.lifted_at is None}
    dues = {it.message.id: it for it in loaded.due}
    writer = Writer(desk.configuration, desk.texts, desk.links)
    lines = [
        Line(
            message=it,
            at=_at(it, tried.get(it.id, ())),
            reasons=reasons.get(it.id, it.reasons),
            text=_text(it, tried.get(it.id, ()), dues.get(it.id) if known else None, writer, now),
            attempts=tried.get(it.id, ()),
            history=histories.get(it.id, ()),
            speaks_for=tuple(other for one in tried.get(it.id, ()) for other in spoken.get(one.token, ())),
            of_exception=in_force.get(it.step),
        )
        for it in messages
    ]
    return OpenVisit(
        visit=visit,
        lines=tuple(sorted(lines, key=lambda it: (it.at, it.message.id))),
        exceptions=tuple(Noted(it, note_of(tx, it)) for it in exceptions),
        history=events_of_visit(tx, visit.id),
    )


def _at(message: Message, attempts: Sequence[Attempt]) -> datetime:
    gone = message.status not in UNSENT and message.attempt and attempts
    return attempts[-1].started_at if gone else message.due_at


def _text(
    message: Message, attempts: Sequence[Attempt], due: DueMessage | None, writer: Writer, now: datetime
) -> Text | None:
    """Return the text as it was sent, for one that waits as it would be now."""
    if message.status not in UNSENT and attempts:
        return _sent(message, attempts[-1].body)
    if message.status not in UNSENT or due is None:
        return None
    try:
        rendered = writer.render(due, now=now)
    except TemplateError as error:
        return Text("", fault=str(error))
    if isinstance(rendered, RenderedEmail):
        return Text(rendered.text, rendered.subject)
    return Text(rendered.body, segments=rendered.segments)


def _sent(message: Message, body: str) -> Text:
    if message.channel is Channel.EMAIL:
        subject, _, words = body.partition("\n\n")
        return Text(words, subject)
    return Text(body, segments=message.segments or count_segments(body).segments)


def _answers(tx: Tx, messages: Sequence[Message]) -> tuple[Answer, ...]:
    tried = attempts_of_several(tx, [it.id for it in messages])
    return tuple(
        Answer(it, _at(it, sent := tried.get(it.id, ())), sent[-1].body if sent else words_of_staff(tx, it))
        for it in messages
    )


def _held(
    patient: Patient, clinic: Clinic, ledger: Sequence[LedgerLine], stops: Sequence[AddressStop]
) -> tuple[Held, ...]:
    entries = tuple(it.entry for it in ledger)
    in_force = {it.channel: it for it in stops if it.lifted_at is None}
    return tuple(
        Held(
            channel,
            purpose,
            consent_for(
                channel,
                purpose,
                entries,
                stopped=channel in in_force,
                stop_source=in_force[channel].source if channel in in_force else "",
                when_unknown=clinic.consent_when_unknown,
            ),
            valid_entry(entries, channel, purpose),
            in_force.get(channel),
        )
        for channel in PATIENT_CHANNELS
        if patient.address(channel)
        for purpose in Purpose
    )
