"""The examples of the API's document about schedules, and edits of them. Nobody in them exists."""

from typing import Any, Final

from scheduler.web.api.samples import TREATMENT

EDIT: Final[dict[str, Any]] = {
    "treatment": "microneedling",
    "step": "redness_check",
    "edit": "changed",
    "what": ["after: 2d -> 3d"],
    "clinics": ["lumiere"],
    "in_flight": 310,
}
SCHEDULE: Final[dict[str, Any]] = {
    "id": "microneedling",
    "title": TREATMENT["title"],
    "own": [],
    "in_flight": 310,
    "approved": 12,
    "parts": 12,
    "edits": [EDIT],
    "errors": 0,
    "warnings": 0,
}
APPROVED: Final[dict[str, Any]] = {"by": "Dr A. Sample", "role": "medical director", "at": "2030-02-01T09:00:00Z"}
TEXT: Final[dict[str, Any]] = {
    "name": "redness_check.en.sms.j2",
    "language": "en",
    "channel": "sms",
    "approved": [APPROVED],
    "fault": None,
}
ADVICE: Final[dict[str, Any]] = {
    "tag": "no_sun",
    "text": {"en": "Keep out of the sun."},
    "for": "14d",
    "sources": [{"id": "A1", "says": "Sun is avoided.", "when": "two weeks", "marks": ["S3"]}],
}
STEP: Final[dict[str, Any]] = {
    "id": "redness_check",
    "file": TREATMENT["steps"][0],
    "approved": [APPROVED],
    "texts": [TEXT],
    "advice": [ADVICE],
}
PROBLEM: Final[dict[str, Any]] = {
    "severity": "warning",
    "code": "unknown-key",
    "file": "protocols/microneedling.yaml",
    "line": 14,
    "column": 5,
    "key": "steps.3.aftr",
    "message": "no such key belongs here",
    "hint": "did you mean after?",
}
SCHEDULE_IN_FULL: Final[dict[str, Any]] = {
    "id": "microneedling",
    "title": TREATMENT["title"],
    "clinic": "lumiere",
    "is_own": False,
    "in_flight": 310,
    "steps": [STEP],
    "edits": [EDIT],
    "problems": [PROBLEM],
}
PROBLEMS: Final[dict[str, Any]] = {
    "checked_at": "2030-03-07T15:00:00Z",
    "going_on": False,
    "works_by_those_of": None,
    "items": [PROBLEM],
}
SMS_PREVIEW: Final[dict[str, Any]] = {
    "body": "Zoë, is your skin red, warm or sore today? Reply 1 if all is well, 2 if not.",
    "first": None,
    "encoding": "GSM-7",
    "segments": 1,
    "cost": {"amount": "0.0079", "currency": "USD"},
    "sender": "+14165550100",
}
PREVIEW: Final[dict[str, Any]] = {
    "treatment": "microneedling",
    "step": "redness_check",
    "clinic": "lumiere",
    "language": "en",
    "sms": SMS_PREVIEW,
    "email": None,
    "faults": {},
}
PLAN_CHOICE: Final[dict[str, Any]] = {"clinic": "lumiere", "treatment": "microneedling", "pins": []}
MADE_PLAN: Final[dict[str, Any]] = {
    "made_at": "2030-03-07T15:00:30.5Z",
    "by": "key:bookings",
    "clinics": ["lumiere"],
    "edits": [{**EDIT, "pinned": False, "approved": True, "touches": 300, "notes": []}],
    "totals": {"in_flight": 310, "appointments": 300, "moved": 300, "unchanged": 0, "sent": 10},
    "beside": {"pins": [], "withdrawn": [], "unfinished": []},
    "unpriced": [],
    "unreadable": [],
    "changes": 300,
}
JOB: Final[dict[str, Any]] = {
    "state": "done",
    "phase": "planning",
    "done": 310,
    "total": 310,
    "by": "key:bookings",
    "began_at": "2030-03-07T15:00:00Z",
    "error": None,
}
PLANNING: Final[dict[str, Any]] = {**PLAN_CHOICE, "job": JOB, "plan": MADE_PLAN}
CHANGES: Final[dict[str, Any]] = {
    "appointment": 12,
    "clinic": "lumiere",
    "treatment": "microneedling",
    "starts_at": "2030-03-05T19:00:00Z",
    "changes": [
        {
            "message": 41,
            "step": "redness_check",
            "channel": "sms",
            "occurrence": 1,
            "change": "moved",
            "from": "2030-03-07T15:00:00Z",
            "to": "2030-03-08T15:00:00Z",
            "reason": "3 days after the appointment.",
        }
    ],
}
APPLYING: Final[dict[str, Any]] = {**PLAN_CHOICE, "made_at": MADE_PLAN["made_at"]}
APPLY: Final[dict[str, Any]] = {
    "id": 2,
    "by": "key:bookings",
    "at": "2030-03-07T15:05:00Z",
    "finished_at": "2030-03-07T15:05:04Z",
    "given_up_by": None,
    "words": ["--clinic", "lumiere"],
    "edits": [{"treatment": "microneedling", "step": "redness_check"}],
    "totals": {"in_flight": 310, "appointments": 300},
}
APPLIES: Final[dict[str, Any]] = {"job": JOB, "left": [], "items": [APPLY]}
