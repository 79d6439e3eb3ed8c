"""One patient, one exception: a step of a visit skipped, put at another instant, noted upon; and that taken back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.adjustment import Adjustment, AdjustmentKind
from scheduler.domain.appointment import CALLED_OFF, AppointmentCause
from scheduler.domain.followup import reply_of
from scheduler.domain.protocol import AfterReply, Before
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import REPLANNABLE, UNSENT, Status
from scheduler.errors import ConflictError, NotFoundError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.hints import suggest
from scheduler.services.exceptions import Case, open_case
from scheduler.services.unheard import tell_if_nobody_asks
from scheduler.store.adjustments import StoredAdjustment, add_adjustment, adjustments_of, lift_adjustment, seal_note
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Tx
from scheduler.store.events import record_visits


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants of a step; `at` is aware UTC. A note may stand alone or beside one of the others."""

    skip: bool = False
    at: datetime | None = None
    note: str | None = field(default=None, repr=False)


def adjust(
    tx: Tx, configuration: Configuration, appointment_id: int, step: str, wish: Wish, *, now: datetime, by: str
) -> None:
    """Make an exception for one step of one visit, and bring its unsent messages in step. The caller commits.

    What is not said stays: a note alone leaves a skip in force, a skip alone leaves the note. Raises NotFoundError
    for a visit or a step that is not there; ConflictError for what can't be: a step that was sent, an instant that
    is past, at which the step makes no sense, or from which on quiet hours last as long as it helps.
    """
    case = open_case(tx, configuration, appointment_id, step, now=now, by=by)
    if case.step is None:
        hint = suggest(step, [it.id for it in case.protocol.steps])
        said = f"the protocol that appointment {appointment_id} goes by has no step {step!r}"
        raise NotFoundError(f"{said}: {hint}" if hint else said, code="step_gone", step=step)
    if wish.skip or wish.at:
        _refuse(case, wish)
    known = _in_force(tx, appointment_id, step)
    kind, at = _kind(wish, known)
    note = seal_note(tx, wish.note) if wish.note is not None else (known.note_sealed if known else None)
    add_adjustment(tx, appointment_id, Adjustment(step, kind, by, at), note_sealed=note, now=now)
    why = _said(step, wish)
    record_visits(tx, [(appointment_id, AppointmentCause.ADJUSTED)], at=now, by=by, reasons=why)
    if wish.skip or wish.at:
        planned = case.bring_in_step(because("skipped", by=by) if wish.skip else why[0])
        if wish.at and planned and all(it.status is Status.EXPIRED for it in planned):
            raise ConflictError(
                f"{step} would not go out any more from {_shown(case, wish.at)} on while it helps: quiet hours and "
                "closed days hold for it too; name another instant",
                code="quiet_from",
                step=step,
                from_at=wish.at,
            )
    if wish.skip:
        case.cancel_rest(because("skipped", by=by))
        if any(it.status in UNSENT and it.ask and reply_of(it.reasons) for it in case.messages):
            tell_if_nobody_asks(tx, configuration, case.appointment, step, now=now)


def lift(tx: Tx, configuration: Configuration, appointment_id: int, step: str, *, now: datetime, by: str) -> None:
    """Take a step's exception back: it is as the protocol says again, where it can still go out. The caller commits.

    Raises NotFoundError for a visit that is not there, ConflictError where no exception is in force.
    """
    case = open_case(tx, configuration, appointment_id, step, now=now, by=by)
    known = _in_force(tx, appointment_id, step)
    if known is None:
        raise ConflictError(
            f"no exception is in force for {step!r} of appointment {appointment_id}: "
            f"see `aftercare timeline {appointment_id}`",
            code="no_exception",
            step=step,
        )
    lift_adjustment(tx, appointment_id, step, by=by, now=now)
    why = [because("exception_lifted", step=step)]
    record_visits(tx, [(appointment_id, AppointmentCause.ADJUSTED)], at=now, by=by, reasons=why)
    off = case.appointment.status in CALLED_OFF
    if case.step and not off and known.adjustment.kind is not AdjustmentKind.NOTE:
        case.bring_in_step(because("as_protocol"))


def lapse_moves(tx: Tx, appointment_id: int, *, now: datetime, by: str) -> None:
    """Take back where steps of a visit were put, since it is moved itself; skips and notes stay. The caller commits.

    For who moves the visit, holds it, and plans it anew afterwards.
    """
    for known in adjustments_of(tx, get_appointment(tx, appointment_id).id):
        adjustment = known.adjustment
        if known.lifted_at or adjustment.kind is not AdjustmentKind.MOVE:
            continue
        lift_adjustment(tx, appointment_id, adjustment.step, by=by, now=now)
        if known.note_sealed is not None:
            noted = Adjustment(adjustment.step, AdjustmentKind.NOTE, adjustment.by)
            add_adjustment(tx, appointment_id, noted, note_sealed=known.note_sealed, now=now)
        why = [because("exception_lapsed", step=adjustment.step)]
        record_visits(tx, [(appointment_id, AppointmentCause.ADJUSTED)], at=now, by=by, reasons=why)


def _in_force(tx: Tx, appointment_id: int, step: str) -> StoredAdjustment | None:
    known = (it for it in adjustments_of(tx, appointment_id) if it.lifted_at is None and it.adjustment.step == step)
    return next(known, None)


def _kind(wish: Wish, known: StoredAdjustment | None) -> tuple[AdjustmentKind, datetime | None]:
    if wish.skip:
        return AdjustmentKind.SKIP, None
    if wish.at:
        return AdjustmentKind.MOVE, wish.at
    return (known.adjustment.kind, known.adjustment.at) if known else (AdjustmentKind.NOTE, None)


def _said(step: str, wish: Wish) -> Sequence[Reason]:
    said = []
    if wish.skip:
        said.append(because("exception_skip", step=step))
    if wish.at:
        said.append(because("exception_move", step=step, to_at=wish.at))
    if wish.note is not None:
        said.append(because("exception_note", step=step))
    return said


def _refuse(case: Case, wish: Wish) -> None:
    """Raise ConflictError for what can't be skipped or put there."""
    assert case.step
    named = f"{case.step.id} of appointment {case.appointment.id}"
    if case.appointment.status in CALLED_OFF:
        raise ConflictError(
            f"appointment {case.appointment.id} is {case.appointment.status}: nothing is sent about it",
            code="visit_off",
        )
    if wish.at:
        _refuse_instant(case, wish.at, named)
    handed_over = any(it.status not in REPLANNABLE for it in case.messages)
    waits = any(it.status in UNSENT for it in case.messages)
    if not handed_over or waits or case.still_to_come():
        return
    # What a reply brings about may be wanted again: that can be skipped at any time.
    if wish.at or not isinstance(case.step.timing, AfterReply):
        said = f"{named} was sent already: nothing of it is left to skip or to move"
        raise ConflictError(said, code="sent_already", step=case.step.id)


def _refuse_instant(case: Case, at: datetime, named: str) -> None:
    assert case.step
    starts_at = case.appointment.starts_at
    begins = f"which begins at {_shown(case, starts_at)}"
    if at <= case.now:
        said = f"{_shown(case, at)} is past: name a later instant for {named}"
        raise ConflictError(said, code="past", at=at)
    if isinstance(case.step.timing, Before):
        if at >= starts_at:
            said = f"{named} goes out before the appointment, {begins}: name an earlier instant"
            raise ConflictError(said, code="before_visit", step=case.step.id, begins_at=starts_at)
    elif at < starts_at:
        said = f"{named} goes out after the appointment, {begins}: name a later instant"
        raise ConflictError(said, code="after_visit", step=case.step.id, begins_at=starts_at)


def _shown(case: Case, instant: datetime) -> str:
    return f"{instant.astimezone(case.clinic.timezone):%a %Y-%m-%d %H:%M}"
