"""Why a message is, is not, or will not be sent: codes with parameters, and the English sentence of each.

The same reason is decided on, stored and shown. Parameters are ids, spans, figures, ISO instants, dates and who of
the staff did it: never a patient's data.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from string import Formatter
from zoneinfo import ZoneInfo

from scheduler.domain.spans import parse_span


@dataclass(frozen=True, slots=True)
class Reason:
    """One clause. Make it with `because(code, ...)`, which checks the code and the parameters."""

    code: str
    params: tuple[tuple[str, str], ...] = ()


# Parameters named at or *_at are ISO instants and are shown in local time; those of SPANS are `2d`, shown in words.
SPANS = frozenset({"span", "start", "end", "prefer"})
CLAUSES: Mapping[str, str] = {
    # why it is planned, when
    "same_day": "on the day of the appointment",
    "before": "{span} before the appointment",
    "after": "{span} after the appointment",
    "between": "{start} to {end} after the appointment, preferably {prefer}",
    "after_reply": "{span} after the reply of {reply_at} to {step}, which was read as {triage}",
    "reminder": "asked once more, because no answer came since {asked_at}",
    # what moved it
    "quiet_hours": "moved from {from_at} out of quiet hours",
    "closure": "moved from {from_at} because the clinic is closed",
    "weekday": "moved from {from_at} to a day of the week on which this step goes out",
    "visit_end": "moved from {from_at} to the end of the appointment",
    "undo_grace": "not before {until_at}, so that a mistaken registration can be undone",
    "spaced": "moved to {until_at}, to leave time between late messages",
    "retry": "tried again at {until_at} after {error}",
    "said_already": "it reached the patient on another channel after all",
    "not_attended": "the appointment begins at {until_at}",
    "rescheduled": "the appointment was moved",
    "put": "moved from {from_at} to {to_at} by {by}, for this appointment only",
    "resent": "sent again by {by}, after message {message}",
    "edited": "planned anew because the protocol was edited ({what})",
    "as_protocol": "the exception for this appointment was taken back, so it is as the protocol says",
    # why it is not sent
    "registered_late": "its time ({due_at}) had passed when this was planned",
    "not_useful": "it stopped being useful at {until_at}",
    "collapsed": "late, and a later message ({step}) says what counts now",
    "late_dropped": "late, and this step is not sent late",
    "late_held": "late, and a person decides about this step",
    "skipped": "skipped by {by}, for this appointment only",
    "step_dropped": "the protocol was edited ({what})",
    "nobody_asks": "a person is told, since nobody else asks this patient again",
    "renamed": "it was told under the step's name of before ({step})",
    "appointment_cancelled": "the appointment was cancelled",
    "no_show": "the patient did not come",
    "undone": "it was entered by mistake and taken back",
    "no_address": "there is no {address} for this patient",
    "consent_refused": "the patient did not agree to {purpose} messages by {channel}",
    "consent_unknown": "consent to {purpose} messages by {channel} is not known, which this clinic takes as no",
    "stopped": "the patient stopped messages to this {address}",
    "not_theirs": "somebody else has this {address}, and nothing is sent to it until staff correct it",
    "address_gone": "this {address} does not exist any more, and nothing is sent to it",
    "address_erased": "the data of whoever had this {address} were erased, and nothing is sent to it",
    "next_appointment": "the next appointment is already booked",
    "merged": "merged into message {message} of appointment {appointment}",
    "answered": "the patient has answered already",
    "better_since": "the patient has answered since that it is better",
    "worse_since": "what came from that number since sounds worse",
    "erased": "the patient's data were erased",
    "clinic_gone": "the clinic's file is no longer there",
    "step_gone": "the protocol in force has no such step on this channel",
    "unreadable": "the patient's data can't be opened with the keys at hand",
    "no_sender": "the clinic's file names nothing that {channel} goes out from",
    "wrote_since": "the patient wrote since then that it goes badly: read that, and answer anew",
    "alert_over": "somebody took the alert before this went out",
    "no_template": "the text can't be rendered: {error}",
    "fallback": "instead of {channel}, which did not work",
    "unapproved": "{what} is not approved, and only what is approved goes out: once a clinician has read it, "
    "`aftercare approve {treatment}`",
    # what keeps it back
    "paused": "paused by {by} since {since_at} ({what})",
    "circuit": "it waits while the provider refuses what goes this way ({error})",
    "alarm": "it waits while a reply of the patient that sounds bad is open",
    "rate": "its sender's turn for it comes at {turn_at}, and it is handed over up to five minutes before",
    "rate_too_slow": "its sender's turn would have come too late, at {turn_at}",
    "merging": "it waits while message {message} of appointment {appointment} is on its way, which speaks for both",
    "clash": "its advice ({tag}) contradicts that of appointment {appointment} ({other}); a person decides",
    "cap": "the patient got {count} messages today, and that is the most for one day; a person decides",
    "volume": "the clinic sends far more than usual ({limit} an hour are let through); a person decides",
    "backlog": "{count} messages of the clinic are late at once; a person decides",
    "released": "let go on by {by} at {at}",
    # what will happen, seen from now
    "will_send": "will be sent at {at}",
    "will_not_send": "will not be sent",
    "will_merge": "together with message {message} of appointment {appointment}",
    "will_go_with": "goes with message {message} of appointment {appointment}, at {at}",
    "will_look_again": "it is looked at again at {at}, and sent if that is mended",
    "will_hold": "will wait for a person",
    "will_wait": "it goes out when that is over, if it still helps then",
    # what a person decided otherwise for one visit
    "exception_skip": "the step {step} is skipped",
    "exception_move": "the step {step} goes out at {to_at}",
    "exception_note": "a note was made on the step {step}",
    "exception_lifted": "the step {step} is as the protocol says again",
    "exception_lapsed": "the step {step} is as the protocol says again, since the appointment was moved",
    "applied": "it goes by the edited protocol from now on ({what})",
    # what happened
    "sent": "sent at {at}",
    "refused": "the provider refused it ({error})",
    "outcome_unknown": "the provider may have taken it; it is looked up before anything is sent again",
    "lease_lost": "the engine that held it stopped",
    "operator": "decided by the clinic",
    # what the provider said later
    "found": "the provider confirmed that it has it",
    "delivered": "delivered at {at}",
    "not_delivered": "the provider could not deliver it ({error})",
    # what became of what was unknown
    "not_taken": "the provider was asked and does not have it",
    "same_again": "nobody knows whether the mail server took it, so it is sent again as the same email",
    "never_known": "nobody knows whether the mail server took it",
    "in_doubt": "the provider may have it under one of several names; a person has to look there",
    # what was said by a patient
    "reply_urgent": "a reply sounds bad",
    "reply_concern": "a reply tells of a concern",
    "reply_question": "a reply asks something",
    "reply_help": "a reply asks for help",
    "reply_fine": "a reply says that it is well",
    "reply_unknown": "a reply was not understood",
    "reply_stop": "a reply asks for no more messages",
    "reply_start": "a reply asks for messages again",
    "reply_wrong_number": "whoever has the number says that it is the wrong one",
    "reply_stops": "it asks for no more messages",
    "reply_asks": "it asks something, or wishes a call",
    "reply_shared": "the number is that of several patients ({patients}), and which of them wrote is not known",
    "reply_stranger": "no patient of the clinic has the number",
    "reply_media": "{count} pictures or files came with it, and are at the provider",
    "reply_unreadable": "a stored call of the provider ({event}) can't be opened: look at the provider what it was",
    "reply_failed": "a stored call of the provider ({event}) could not be worked on, and the log says why: look at "
    "the provider what it was",
    "words_unreadable": "replies wait, since the words that they are read by can't be read: {error}",
    "not_asked_again": "the patient was to be asked again ({step}), and that did not go out",
    "answered_with": "answered with {template}",
    "no_number": "no text can go to where that came from",
    "desk_wrote": "answered by {channel} with message {message}",
    "desk_not_sent": "message {message}, which {by} wrote, did not go out ({status})",
    # why a reply is not answered
    "not_answered_provider": "not answered here, since the provider answers that word",
    "not_answered_page": "not answered by a text, since it was given on the patient's page",
    "not_answered_own": "not answered, since it came from a number of this installation",
    "not_answered_staff": "not answered, since it came from somebody who is on call",
    "not_answered_clinic": "not answered, since nobody knows which clinic it was meant for",
    "not_answered_stranger": "not answered, since no patient of the clinic has the number",
    "not_answered_unreachable": "not answered, since no text can go to where it came from",
    "not_answered_thanks": "not answered, since it came after something worse and may be a word of thanks",
    "not_answered_automatic": "not answered, since it looks like an automatic reply",
    "not_answered_same": "not answered, since the same text came from that number in the day before",
    "not_answered_often": "not answered, since {count} answers went to that number in the day before",
    "not_answered_stopped": "not answered, since messages to that number were stopped before",
    "not_answered_told": "not answered, since that number was told once that it gets nothing more",
    # what a person is told of
    "channel_refused": "nothing goes out by {channel}: {error}",
    "sender_refused": "nothing goes out by {channel} from {sender}: {error}",
    "in_doubt_for_long": "nobody can find out whether the provider took {count} messages",
    "rung": "{by} was rung ({what})",
    "rung_again": "{by} was rung again ({what}), since nobody knows whether the ring before went out",
    "rung_more": "{by} was rung ({what}), since more was written",
    "not_reached": "{by} could not be reached ({what})",
    "rung_anew": "a later ring of the same alert takes its place",
    "no_answer": "unanswered of what was asked the day before: {count}",
    "address_dead": "the {address} of patient {patient} does not work, and there is no other that may be used",
    "no_address_left": "the clinic's system tells no phone or email of patient {patient} any more, and messages wait",
    "waits_unapproved": "{count} messages due by {until_at} are kept back, because what they say is not approved: "
    "{what}",
    "files_refused": "edited files are not taken, and those before stay in use: {error}",
    "nobody_sends": "{count} messages should have been tried by {before_at}, and nobody works on them",
    # what came in by itself and was not taken
    "rows_refused": "rows of exports in the drop folder that were refused: {count}; "
    "a report beside each file says why",
    "exports_refused": "exports in the drop folder that were refused: {count}; a report beside each says why",
    "bookings_refused": "bookings of {source} that were refused: {count}",
    "feed_shrunk": "{count} appointments are missing at once in the calendar {source}: none was cancelled, look at "
    "it there",
    "feed_beyond": "{count} appointments after the last entry of the calendar {source} are missing there: none was "
    "cancelled, look at it there",
    "source_away": "{source} can't be asked for bookings since {since_at}",
    "feed_away": "the calendar {source} can't be read since {since_at} ({error})",
}

TO_BE_MENDED = frozenset({"no_template", "no_sender", "step_gone", "clinic_gone", "unreadable"})
"""The clauses of what keeps a message back until somebody mends it."""

OF_BRAKES = frozenset({"paused", "circuit", "alarm", "rate", "merging"})
"""The clauses of what keeps a message back and ends by itself, or when somebody ends it."""

KEPT_SAID = OF_BRAKES | {"unapproved"}
"""The clauses of what kept a message back that are told of it still when its time has passed."""

_NAMES = {
    code: frozenset(name for _, name, _, _ in Formatter().parse(clause) if name) for code, clause in CLAUSES.items()
}

OF_THE_PLAN = frozenset(
    {"same_day", "before", "after", "between", "after_reply", "reminder", "fallback"}
    | {"quiet_hours", "closure", "weekday", "visit_end", "undo_grace", "spaced", "registered_late"}
    | {"put", "edited", "resent"}
)
"""The clauses that say why a message was due when it was."""

COUNTED = frozenset({"same_day", "before", "after", "between", "after_reply", "reminder"})
"""Of these, the clauses that say what it counts from."""


def because(code: str, **params: str | datetime) -> Reason:
    """Return the reason of that code.

    An unknown code, a missing parameter (KeyError) or one that can't be shown (ValueError) is a programming error.
    """
    if missing := _NAMES[code] - params.keys():
        raise KeyError(f"{code} needs {', '.join(sorted(missing))}")
    return Reason(code, tuple([(name, _text(name, value)) for name, value in params.items()]))


def _text(name: str, value: str | datetime) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    _shown(name, value, UTC)
    return value


def sentence(reasons: Iterable[Reason], zone: ZoneInfo) -> str:
    """Say the reasons as one English sentence, instants as wall-clock time in `zone`."""
    text = "; ".join(_clause(reason, zone) for reason in reasons)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _clause(reason: Reason, zone: tzinfo) -> str:
    return CLAUSES[reason.code].format(**{name: _shown(name, value, zone) for name, value in reason.params})


def _shown(name: str, value: str, zone: tzinfo) -> str:
    if name == "at" or name.endswith("_at"):
        return f"{datetime.fromisoformat(value).astimezone(zone):%a %Y-%m-%d %H:%M}"
    if name == "channel":
        return {"sms": "SMS"}.get(value, value)
    if name in SPANS:
        return parse_span(value).phrase
    return value


def planned_part(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the clauses that say why it was due when it was, without what became of it since."""
    return tuple(reason for reason in reasons if reason.code in OF_THE_PLAN)


def counted_part(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the clauses that say what it counts from, without what moved it."""
    return tuple(reason for reason in reasons if reason.code in COUNTED)


def dump_reasons(reasons: Iterable[Reason]) -> str:
    """Return the compact JSON that the store keeps."""
    return f"[{','.join(map(_dump, reasons))}]"


_ENCODER = json.JSONEncoder(separators=(",", ":"))


@lru_cache(maxsize=1024)
def _dump(reason: Reason) -> str:
    return _ENCODER.encode([reason.code, dict(reason.params)])


def load_reasons(text: str) -> tuple[Reason, ...]:
    """Read what `dump_reasons` wrote."""
    return tuple(Reason(code, tuple(params.items())) for code, params in json.loads(text))
