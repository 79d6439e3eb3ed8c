"""The examples of the API's document about files that are imported, and about the rehearsal's outbox."""

from typing import Any, Final

CSV: Final = "starts_at,name,phone,treatment\n2030-03-05T14:00,Zoë Lachance,+14165550123,microneedling\n"
LOOKED_AT: Final[dict[str, Any]] = {
    "rows": [
        {"row": 2, "result": "registered", "reason": "", "appointment": None},
        {"row": 3, "result": "refused", "reason": "name: is empty", "appointment": None},
    ],
    "totals": {"registered": 1, "unchanged": 0, "rescheduled": 0, "cancelled": 0, "refused": 1},
    "warnings": [],
    "unused": ["Notes"],
}
IMPORT: Final[dict[str, Any]] = {
    "id": 5,
    "clinic": "lumiere",
    "by": "key:bookings",
    "report": LOOKED_AT,
    "result": None,
    "undo": None,
}
FORGOTTEN: Final[dict[str, Any]] = {"id": 5, "result": "forgotten"}
UNDO: Final[dict[str, Any]] = {
    "id": 9,
    "clinic": "lumiere",
    "what": "imported",
    "at": "2030-03-01T15:00:00Z",
    "done": False,
    "appointments": [12],
    "left": [],
}
REHEARSED: Final[dict[str, Any]] = {
    "id": 8,
    "at": "2030-03-07T15:00:00Z",
    "channel": "email",
    "clinic": "lumiere",
    "message": 41,
    "kind": "step",
    "step": "redness_check",
    "patient": 7,
    "address": "zoe@patients.example",
    "opening": "How is your skin?",
}
REHEARSED_IN_FULL: Final[dict[str, Any]] = {
    **REHEARSED,
    "subject": "How is your skin?",
    "sender": "Clinique Lumière <care@lumiere.example>",
    "text": "Zoë, is your skin red, warm or sore today?",
    "html": "<!doctype html><html><body>Zoë, is your skin red, warm or sore today?</body></html>",
}
DELIVERIES_CSV: Final = (
    '"message","clinic","patient","appointment","external_id","treatment","step","occurrence","channel","status",'
    '"reason","detail","segments","due_at","due_local","handed_at","timezone"\r\n'
    '"41","lumiere","7","12","B-2041","microneedling","redness_check","1","sms","delivered","sent","","2",'
    '"2030-03-07T15:00:00Z","2030-03-07 10:00","2030-03-07T15:00:01Z","America/Toronto"\r\n'
)
GUESS: Final[dict[str, Any]] = {
    "clinic": "lumiere",
    "rows": 120,
    "preset": None,
    "columns": [{"field": "starts_at", "columns": ["Start"], "sure": "sure", "why": "120 of 120 are dates"}],
    "dates": {"order": "day_first", "sure": "sure", "why": "71 of 120 dates can't be read otherwise"},
    "treatments": [{"word": "Peeling", "means": "peel", "sure": "likely", "why": "the nearest"}],
    "statuses": [],
    "missing": [["phone", "email"]],
    "unused": ["Notes"],
    "yaml": "import:\n  columns:\n    starts_at: Start\n",
}
SENDERS: Final[dict[str, Any]] = {
    "items": [
        {
            "clinic": "lumiere",
            "senders": [
                {"channel": "sms", "sender": "+14165550100", "name": "", "trouble": None},
                {
                    "channel": "email",
                    "sender": "care@lumiere.example",
                    "name": "Clinique Lumière",
                    "trouble": {
                        "code": "535",
                        "error": "the mail server refuses the password",
                        "since": "2030-03-01T15:00:00Z",
                        "next_try_at": "2030-03-01T15:30:00Z",
                    },
                },
            ],
            "on_call": [{"name": "Desk", "sms": "+14165550111", "email": "desk@lumiere.example", "webhook": False}],
        }
    ]
}
