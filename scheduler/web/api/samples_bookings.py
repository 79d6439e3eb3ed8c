"""The examples of the API's document about booking systems. Nobody in them exists."""

from typing import Any, Final

BOOKING: Final[dict[str, Any]] = {
    "id": 71,
    "clinic": "lumiere",
    "source": "online",
    "received_at": "2030-03-01T14:02:10Z",
    "state": "refused",
    "outcome": None,
    "reason": "treatment: “Laser” is not known: map it under import.treatments of clinic lumiere",
    "why": [{"code": "treatment_unknown", "values": {"named": "Laser"}}],
    "booking": "bFJeNb2uX8ANpT3JL5EfXw",
    "appointment": None,
    "tries": 1,
    "handled_at": "2030-03-01T14:02:10Z",
}
SYSTEM: Final[dict[str, Any]] = {
    "clinic": "lumiere",
    "source": "front_desk",
    "kind": "calendar",
    "state": "held",
    "address": None,
    "heard_at": "2030-03-01T14:00:00Z",
    "since": None,
    "why": None,
    "lacks": [],
    "refused": 0,
    "waiting": 0,
    "missing": 12,
}
READING: Final[dict[str, Any]] = {"dry_run": False, "accept_missing": True, "accept_most": 12}
READ: Final[dict[str, Any]] = {
    "clinic": "lumiere",
    "source": "front_desk",
    "dry_run": True,
    "error": None,
    "unchanged": False,
    "totals": {"registered": 1, "unchanged": 40, "rescheduled": 2, "cancelled": 0, "refused": 1},
    "refused": [
        {
            "starts_at": "2030-03-04T15:00:00Z",
            "reason": "treatment: is empty",
            "why": [{"code": "treatment_empty", "values": {}}],
        }
    ],
    "missing": 0,
    "held": 12,
    "left": 3,
    "others": 8,
}
AGENDA: Final[dict[str, Any]] = {"user": 3, "made_at": "2030-03-01T14:00:00Z", "used_at": "2030-03-07T06:00:00Z"}
MADE_AGENDA: Final[dict[str, Any]] = {
    "user": 3,
    "address": "https://aftercare.lumiere.example/c/(signed, as secret as a password).ics",
}
