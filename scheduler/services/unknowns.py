"""What becomes of a message whose hand-over nobody knows the end of, once its provider was asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.channels.lookup import Found
from scheduler.domain.appointment import AppointmentCause
from scheduler.domain.reasons import Reason, because, planned_part
from scheduler.domain.retry import LOOK_AGAIN, NOT_BEFORE, REPORT_AFTER
from scheduler.domain.states import Brake, Cause, Status
from scheduler.services.catching_up import catch_up
from scheduler.services.circuits import wake
from scheduler.services.hearing import BAD_NEWS, Hearing, Word
from scheduler.services.matching import Match, match, match_far
from scheduler.services.schedule import plan_anew
from scheduler.services.versions import version_of
from scheduler.store.appointments import get_appointment, hold_appointments
from scheduler.store.attempts import Attempt
from scheduler.store.database import Tx
from scheduler.store.events import events_of
from scheduler.store.lookups import Doubtful, has_rivals, note_asked, owned_ids, unknown_ends
from scheduler.store.messages import Message
from scheduler.store.moves import Move, Outcome
from scheduler.store.outbox import was_kept
from scheduler.store.patients import get_patient
from scheduler.store.transitions import finish, move_all

BEFORE = timedelta(minutes=10)
AFTER = timedelta(minutes=15)
"""The attempt's window at the provider: the call, and clocks that disagree."""
FAR = timedelta(days=1)
"""How far off our clock may have been set: within it, a message of the same text is taken for the attempt's."""
APART = timedelta(minutes=1)
MOST_COPIES = 4
"""An email that may have been taken so often is sent no more: a mailbox may not know copies by their Message-ID."""


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Settles, in the transaction of the caller, who commits. All return where the message went, None: it waits."""

    hearing: Hearing

    def of_sms(self, tx: Tx, doubtful: Doubtful, listed: Sequence[Found], *, now: datetime) -> Status | None:
        """Settle an SMS by the list of what the provider has for its number in its window.

        That it was not taken, or can't be told, is believed only when asked twice and not right after the call.
        """
        attempt = doubtful.attempt
        owned = owned_ids(tx, [found.provider_id for found in listed])
        candidates = [found for found in listed if found.provider_id not in owned]
        matched = _matched(tx, attempt, candidates)
        if matched.found:
            return self._taken(tx, doubtful, matched.found, now)
        asked_before = attempt.asked_at is not None and now - attempt.asked_at >= APART
        if not asked_before or now - attempt.started_at < NOT_BEFORE:
            note_asked(tx, doubtful, now=now, look_at=now + LOOK_AGAIN)
            return None
        if matched.doubt:
            return self._move(tx, doubtful, Status.HELD, because("in_doubt"), now=now)
        return self._not_taken(tx, doubtful, now)

    def of_email(self, tx: Tx, doubtful: Doubtful, *, now: datetime) -> Status | None:
        """Settle an email, which no server can be asked about: it goes again under its Message-ID. So do webhooks."""
        if unknown_ends(tx, doubtful.message.id) >= MOST_COPIES:
            return self._move(tx, doubtful, Status.HELD, because("never_known"), now=now)
        if now >= doubtful.message.useful_until:
            reasons = because("never_known"), because("not_useful", until_at=doubtful.message.useful_until)
            return self._move(tx, doubtful, Status.EXPIRED, *reasons, now=now)
        return self._move(tx, doubtful, Status.SCHEDULED, because("same_again"), now=now)

    def of_rehearsal(self, tx: Tx, doubtful: Doubtful, *, now: datetime) -> Status | None:
        """Settle a rehearsed message by the outbox, which is certain."""
        token = doubtful.attempt.token
        if not was_kept(tx, token):
            return self._not_taken(tx, doubtful, now)
        sent = because("sent", at=doubtful.attempt.started_at)
        wish = self._wish(doubtful, Status.ACCEPTED, [sent], now)
        return self._end(tx, doubtful, wish, now, provider_id=f"rehearsal-{token}")

    def _taken(self, tx: Tx, doubtful: Doubtful, found: Found, now: datetime) -> Status | None:
        word = Word(found.said or Status.ACCEPTED, found.provider_id, found.error_code, now, left=found.left)
        mended = self.hearing.look_beyond(tx, doubtful.attempt, doubtful.message, word, now)
        reasons = because("sent", at=found.created_at), because("found")
        wish = self._wish(doubtful, Status.ACCEPTED, reasons, now)
        to = self._end(tx, doubtful, replace(wish, look_at=now + REPORT_AFTER), now, provider_id=found.provider_id)
        if to and found.said in (*BAD_NEWS, Status.DELIVERED):
            to = self.hearing.hear(tx, doubtful.attempt.token, doubtful.message.id, word, now=now)
        if mended:
            wake(tx, self.hearing.configuration, now=now)
        return to

    def _not_taken(self, tx: Tx, doubtful: Doubtful, now: datetime) -> Status | None:
        message = doubtful.message
        if now < message.useful_until:
            return self._end(tx, doubtful, self._wish(doubtful, Status.SCHEDULED, [because("not_taken")], now), now)
        reasons = because("not_taken"), because("not_useful", until_at=message.useful_until)
        return self._end(tx, doubtful, self._wish(doubtful, Status.EXPIRED, reasons, now), now)

    def _end(
        self, tx: Tx, doubtful: Doubtful, move: Move, now: datetime, *, provider_id: str | None = None
    ) -> Status | None:
        """Move the message and close its attempt, whose end is known now."""
        _hold_visit(tx, doubtful.message)
        attempt = doubtful.attempt
        kind, code = (attempt.error_kind, attempt.error_code) if provider_id is None else (None, "")
        outcome = Outcome(attempt.token, move, provider_id=provider_id, error_kind=kind, error_code=code)
        return self._after(tx, doubtful, move.to, now) if finish(tx, [outcome], now=now) else None

    def _move(self, tx: Tx, doubtful: Doubtful, to: Status, *reasons: Reason, now: datetime) -> Status | None:
        """Move the message; how its attempt ended stays unknown."""
        _hold_visit(tx, doubtful.message)
        moved = move_all(tx, [self._wish(doubtful, to, reasons, now)], now=now)
        return self._after(tx, doubtful, to, now) if moved else None

    def _after(self, tx: Tx, doubtful: Doubtful, to: Status, now: datetime) -> Status:
        """Plan anew what comes back after its appointment or its protocol was changed: it has the old times."""
        if doubtful.message.appointment_id is None:
            return to
        appointment, configuration = get_appointment(tx, doubtful.message.appointment_id), self.hearing.configuration
        if to is Status.SCHEDULED and appointment.clinic in configuration.clinics:
            moved = any(
                it.cause is AppointmentCause.RESCHEDULED and it.at >= doubtful.attempt.started_at
                for it in events_of(tx, appointment.id)
            )
            if moved and version_of(tx, configuration, appointment):
                patient = get_patient(tx, appointment.patient_id)
                plan_anew(tx, configuration, appointment, patient, now=now, by=self.hearing.by)
            catch_up(tx, configuration, [appointment.id], now=now, by=self.hearing.by)
        return to

    def _wish(self, doubtful: Doubtful, to: Status, reasons: Sequence[Reason], now: datetime) -> Move:
        message = doubtful.message
        return Move(
            message.id,
            Status.UNKNOWN,
            Cause.SETTLE,
            to,
            by=self.hearing.by,
            reasons=(*planned_part(message.reasons), *reasons),
            try_at=now if to is Status.SCHEDULED else None,
            attempt=doubtful.attempt.token,
            brake=Brake.DOUBT if to is Status.HELD else None,
        )


def _hold_visit(tx: Tx, message: Message) -> None:
    """Hold a step's appointment, which comes before its messages; a notice has none."""
    if message.appointment_id is not None:
        hold_appointments(tx, [message.appointment_id])


def _matched(tx: Tx, attempt: Attempt, candidates: Sequence[Found]) -> Match:
    since, until = attempt.started_at - BEFORE, attempt.started_at + AFTER
    near = [found for found in candidates if since <= found.created_at <= until]
    if candidates and not near:
        return match_far(candidates, attempt.body)
    return match(near, attempt.body, rivals=has_rivals(tx, attempt, within=BEFORE + AFTER))
