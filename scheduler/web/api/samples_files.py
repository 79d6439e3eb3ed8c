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
