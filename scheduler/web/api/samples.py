"""The examples of the API's document. Nobody in them exists; the numbers are those that films use."""

from typing import Any, Final

AT: Final = "2030-03-05T19:00:00Z"

APPOINTMENT: Final[dict[str, Any]] = {
    "id": 12,
    "external_id": "B-1042",
    "clinic": "lumiere",
    "patient": 7,
    "treatment": "microneedling",
    "starts_at": AT,
    "ends_at": None,
    "status": "booked",
}
NEW_APPOINTMENT: Final[dict[str, Any]] = {
    "clinic": "lumiere",
    "treatment": "microneedling",
    "name": "Zoë Lachance",
    "phone": "+14165550123",
    "email": "zoe@patients.example",
    "language": "fr",
    "external_id": "B-1042",
    "starts_at": "2030-03-05T14:00",
    "consent_sms": "yes",
    "consent_email": "yes",
}
APPOINTMENT_EDIT: Final[dict[str, Any]] = {"starts_at": "2030-03-06T15:30"}
PLANNED: Final[dict[str, Any]] = {
    "step": "prepare",
    "channel": "email",
    "occurrence": 1,
    "purpose": "care",
    "due_at": "2030-02-26T15:00:00Z",
    "useful_until": AT,
    "status": "scheduled",
    "reason": "7 days before the appointment; will be sent at Tue 2030-02-26 10:00.",
}
TIMELINE: Final[dict[str, Any]] = {
    "appointment": 12,
    "external_id": "B-1042",
    "clinic": "lumiere",
    "treatment": "microneedling",
    "starts_at": AT,
    "status": "booked",
    "messages": [{"id": 1, **PLANNED}],
    "replies": [],
    "alerts": [],
    "history": [{"at": "2030-02-20T15:00:00Z", "cause": "registered", "by": "key:bookings", "reason": ""}],
    "adjustments": [],
}
PLAN: Final[dict[str, Any]] = {
    "result": "registered",
    "appointment": None,
    "reason": "",
    "clinic": "lumiere",
    "treatment": "microneedling",
    "starts_at": AT,
    "messages": [PLANNED],
}
STEP_EDIT: Final[dict[str, Any]] = {"at": "2030-03-08T10:00", "note": "72 h instead of 48"}
MESSAGE: Final[dict[str, Any]] = {
    "id": 41,
    "kind": "step",
    "clinic": "lumiere",
    "patient": 7,
    "appointment": 12,
    "reply": None,
    "alert": None,
    "step": "redness_check",
    "channel": "sms",
    "occurrence": 1,
    "purpose": "care",
    "status": "delivered",
    "due_at": "2030-03-07T15:00:00Z",
    "useful_until": "2030-03-08T15:00:00Z",
    "held_by": None,
    "segments": 1,
    "reason": "2 days after the appointment; sent at Thu 2030-03-07 10:00; delivered at Thu 2030-03-07 10:00.",
}
MESSAGE_IN_FULL: Final[dict[str, Any]] = {
    **MESSAGE,
    "attempts": [
        {
            "started_at": "2030-03-07T15:00:00Z",
            "finished_at": "2030-03-07T15:00:01Z",
            "outcome": "delivered",
            "error": "",
            "rehearsed": False,
            "address": "+14165550123",
            "body": "Zoë, is your skin red, warm or sore today? Reply 1 if all is well, 2 if not.",
        }
    ],
    "history": [{"at": "2030-02-20T15:00:00Z", "cause": "claim", "by": "desk:71:0a1b2c", "reason": ""}],
}
REPLY: Final[dict[str, Any]] = {
    "id": 3,
    "clinic": "lumiere",
    "patient": 7,
    "message": 41,
    "source": "sms",
    "sender": "+14165550123",
    "body": "Much worse since last night, and I have a fever",
    "media": 0,
    "received_at": "2030-03-07T16:02:11Z",
    "triage": "urgent",
    "because": ["worse", "fever"],
    "stops": False,
    "taken_at": None,
    "taken_by": None,
    "handled_at": None,
    "handled_by": None,
}
STAFF_NOTE: Final[dict[str, Any]] = {
    "at": "2030-03-07T16:30:00Z",
    "by": "user:anna",
    "text": "Called: she comes by at five.",
}
CLOSING: Final[dict[str, Any]] = {"note": "Called: she comes by at five.", "seen": 3}
HANDLING: Final[dict[str, Any]] = {"note": "Called: she comes by at five."}
REPLY_IN_FULL: Final[dict[str, Any]] = {
    **REPLY,
    "owners": [{"id": 7, "name": "Zoë Lachance"}],
    "appointment": 12,
    "step": "redness_check",
    "answer": {"message": 42, "template": "answer_urgent", "status": "delivered"},
    "reason": "Answered with answer_urgent.",
    "alerts": [2],
    "notes": [STAFF_NOTE],
}
HANDLED: Final[dict[str, Any]] = {**REPLY, "handled_at": "2030-03-07T16:30:00Z", "handled_by": "key:bookings"}
ALERT: Final[dict[str, Any]] = {
    "id": 2,
    "kind": "urgent",
    "clinic": "lumiere",
    "reply": 3,
    "opened_at": "2030-03-07T16:02:11Z",
    "taken_at": None,
    "taken_by": None,
    "closed_at": None,
    "reason": "A reply sounds bad.",
    "remedy": "read the reply and call the patient now",
}
ALERT_IN_FULL: Final[dict[str, Any]] = {
    **ALERT,
    "notes": [STAFF_NOTE],
    "history": [{"at": "2030-03-07T16:02:11Z", "cause": "raised", "by": "engine", "reason": "A reply sounds bad."}],
}
PATIENT: Final[dict[str, Any]] = {
    "id": 7,
    "clinic": "lumiere",
    "patient_id": "P-310",
    "name": "Zoë Lachance",
    "phone": "+14165550123",
    "email": "zoe@patients.example",
    "language": "fr",
    "timezone": None,
}
PATIENT_EDIT: Final[dict[str, Any]] = {"phone": "+14165550188"}
PATIENT_SEARCH: Final[dict[str, Any]] = {"phone": "+14165550123"}
CONSENT: Final[dict[str, Any]] = {
    "patient": 7,
    "now": [
        {
            "channel": "sms",
            "purpose": "care",
            "allowed": True,
            "why": "The patient agreed to care messages by SMS. Since Wed 2030-02-20 10:00, as it came with an "
            "appointment.",
        }
    ],
    "ledger": [
        {
            "id": 1,
            "channel": "sms",
            "purpose": "care",
            "verdict": "granted",
            "source": "registration",
            "by": "key:bookings",
            "wording": None,
            "version": None,
            "at": "2030-02-20T15:00:00Z",
        }
    ],
    "stops": [],
}
CONSENT_EDIT: Final[dict[str, Any]] = {"allowed": False, "words": "No more offers, please."}
PAUSE: Final[dict[str, Any]] = {
    "id": 5,
    "clinic": "lumiere",
    "channel": None,
    "patient": 7,
    "by": "key:bookings",
    "at": "2030-03-07T16:00:00Z",
    "why": "in hospital",
}
NEW_PAUSE: Final[dict[str, Any]] = {"patient": 7, "why": "in hospital"}
PAUSED: Final[dict[str, Any]] = {"result": "paused", "pause": PAUSE, "waiting": 2}
RESUMED: Final[dict[str, Any]] = {"lifted": [PAUSE], "woken": 2, "in_force": []}
CLINIC: Final[dict[str, Any]] = {
    "id": "lumiere",
    "name": "Clinique Lumière",
    "timezone": "America/Toronto",
    "languages": ["fr", "en"],
    "country": "CA",
    "phone": "+14165550100",
}
TREATMENT: Final[dict[str, Any]] = {
    "id": "microneedling",
    "title": {"en": "Microneedling", "fr": "Microneedling", "es": "Microneedling"},
    "digest": "9f2c4a51d0e37b86",
    "steps": [
        {
            "id": "redness_check",
            "after": "2d",
            "at": "10:00",
            "channels": {"first_of": ["sms", "email"]},
            "ask": "redness",
            "useful_for": "1d",
            "if_late": "send",
        }
    ],
}
FINDING: Final[dict[str, Any]] = {
    "part": "delivery",
    "health": "well",
    "message": "rehearsal: nothing leaves this machine",
    "remedy": "",
}
SOONER: Final[dict[str, Any]] = {"message": 41, "at": "2030-03-07T15:00:00Z", "waits": False, "reason": ""}
RESEND: Final[dict[str, Any]] = {"although_reached": True}
RESENT: Final[dict[str, Any]] = {"message": 57, "due_at": "2030-03-07T17:00:00Z"}
ANSWER: Final[dict[str, Any]] = {"words": "Please come by today until 6 pm, we look at it.", "channel": "sms"}
ANSWERED: Final[dict[str, Any]] = {
    "message": 58,
    "channel": "sms",
    "status": "scheduled",
    "due_at": "2030-03-07T16:10:00Z",
}
LETTER: Final[dict[str, Any]] = {"words": "We moved to 12 Main Street: see you there.", "channel": "sms"}
LETTER_SHOWN: Final[dict[str, Any]] = {
    "channel": "sms",
    "subject": None,
    "text": "Clinique Lumière: We moved to 12 Main Street: see you there.",
    "segments": 1,
}
STOPPING: Final[dict[str, Any]] = {"words": "Please send me nothing any more."}
LINKS: Final[dict[str, Any]] = {"patient": 7, "links": "closed"}
EXPORT: Final[dict[str, Any]] = {"patient": {"patient": 7, "name": "Zoë Lachance"}, "pauses": []}
ERASED: Final[dict[str, Any]] = {
    "patient": 7,
    "clinic": "lumiere",
    "cancelled": 3,
    "messages": 8,
    "replies": 1,
    "stopped": 2,
}
AUDITED: Final[dict[str, Any]] = {
    "id": 310,
    "at": "2030-03-07T16:04:00Z",
    "actor": "user:anna",
    "action": "patient.seen",
    "clinic": "lumiere",
    "subject": "patient/7",
    "outcome": "done",
}
KEY: Final[dict[str, Any]] = {
    "id": 4,
    "name": "bookings",
    "clinic": "lumiere",
    "permissions": ["book", "read"],
    "created_at": "2030-02-01T09:00:00Z",
    "created_by": "user:anna",
    "expires_at": None,
    "used_at": "2030-03-07T16:00:00Z",
    "revoked_at": None,
    "revoked_by": None,
}
NEW_KEY: Final[dict[str, Any]] = {"name": "bookings", "clinic": "lumiere", "permissions": ["read", "book"]}
MADE_KEY: Final[dict[str, Any]] = {"key": KEY, "bearer": "ac_0a1b2c3d4e5f_(43 characters, shown this once)"}
DAY: Final[dict[str, Any]] = {
    "day": "2030-03-07",
    "channel": "sms",
    "sent": 120,
    "delivered": 117,
    "failed": 2,
    "expired": 1,
    "waiting": 0,
    "late": 3,
}
DELIVERIES: Final[dict[str, Any]] = {
    "from": "2030-03-01",
    "to": "2030-03-07",
    "days": [DAY],
    "reasons": [{"status": "failed", "reason": "refused", "detail": "30006", "messages": 2}],
    "lateness": [{"channel": "sms", "messages": 118, "median": 10, "worst": 60}],
    "costs": [{"clinic": "lumiere", "segments": 131, "amount": "1.0349", "currency": "USD"}],
    "as_of": "2030-03-07T09:00:00Z",
    "missing": 0,
}
HOOK: Final[dict[str, Any]] = {
    "id": 1,
    "clinic": "lumiere",
    "url": "https://bookings.example/aftercare",
    "title": "Booking system",
    "kinds": ["appointment.registered"],
    "created_at": "2030-02-01T09:00:00Z",
    "created_by": "user:anna",
    "disabled_at": None,
    "disabled_by": None,
}
NEW_HOOK: Final[dict[str, Any]] = {
    "clinic": "lumiere",
    "url": "https://bookings.example/aftercare",
    "title": "Booking system",
    "kinds": ["appointment.registered"],
}
MADE_HOOK: Final[dict[str, Any]] = {"endpoint": HOOK, "secret": "whsec_(base64, signs the calls)"}
HOOK_EDIT: Final[dict[str, Any]] = {"enabled": False}
HOOK_CALL: Final[dict[str, Any]] = {
    "id": 9,
    "kind": "appointment.registered",
    "created_at": "2030-03-07T16:00:00Z",
    "tries": 1,
    "answered": 204,
    "error": None,
    "delivered_at": "2030-03-07T16:00:01Z",
    "finished_at": "2030-03-07T16:00:01Z",
}
