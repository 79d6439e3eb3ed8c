"""The CapabilityStatement: what this server does, which is no more than what its routes do."""

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from scheduler.domain.fhir import FhirKind

FHIR_VERSION = "4.0.1"
JSON = "application/fhir+json"
SINCE = "2026-11-22"
"""When what it says changed last."""
INTERACTIONS: Sequence[str] = ("create", "update")
"""What can be done with each type of resource."""
SYSTEM_INTERACTIONS: Sequence[str] = ("transaction", "batch")
"""What can be done with several at once."""

_MEANT: Mapping[FhirKind, str] = {
    FhirKind.PATIENT: "Who is reached: a telecom that is gone is withdrawn. Who has died gets nothing any more.",
    FhirKind.APPOINTMENT: "An appointment: registered, moved, completed, called off. Its times have an offset.",
    FhirKind.PROCEDURE: "What was done: it completes the appointment of that day, or is one that took place.",
}


def statement(base: str) -> Mapping[str, Any]:
    """Return the statement of the server at `base`; it says nothing of the clinic, not even whether there is one."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": SINCE,
        "kind": "instance",
        "software": {"name": "Aftercare", "version": _version()},
        "implementation": {"description": "Takes the appointments of a clinic for follow-up messages", "url": base},
        "fhirVersion": FHIR_VERSION,
        "format": [JSON, "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": (
                    "What is sent is registered, and not kept as it came: nothing is read back here. The id of an "
                    "update names one thing; an identifier with a system and a value is a further name, if only one "
                    "has it. The condition of a create is identifier=SYSTEM|VALUE. A Bundle has at most 200 entries."
                ),
                "security": {
                    "cors": False,
                    "description": "Authorization: Bearer, with an API key that may book at the clinic",
                },
                "resource": [_resource(kind) for kind in FhirKind],
                "interaction": [{"code": it} for it in SYSTEM_INTERACTIONS],
            }
        ],
    }


def _resource(kind: FhirKind) -> Mapping[str, Any]:
    return {
        "type": kind.value,
        "documentation": _MEANT[kind],
        "interaction": [{"code": it} for it in INTERACTIONS],
        "versioning": "no-version",
        "readHistory": False,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "not-supported",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical", "local"],
    }


def _version() -> str:
    try:
        return version("aftercare-scheduler")
    except PackageNotFoundError:
        return "0"
