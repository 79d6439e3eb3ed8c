"""What is told of a plan and of what was applied, as values with a form in JSON: for commands, REST and the console.

No patient's data is in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.domain.localtime import iso
from scheduler.domain.reasons import Reason, sentence
from scheduler.protocols.edit_words import words_of
from scheduler.services.apart import Apart
from scheduler.services.approver import Approver
from scheduler.services.carrying import COUNTED
from scheduler.services.change_totals import Totals
from scheduler.services.changes import VisitChanges
from scheduler.services.edit_notes import unapproved_of
from scheduler.services.planner import InFlightEdit
from scheduler.store.applies import Apply


@dataclass(frozen=True, slots=True)
class Beside:
    """What is told beside the edits of a plan."""

    approver: Approver
    apart: Apart = field(default_factory=Apart)
    unfinished: Sequence[Apply] = ()


def appointment_data(visit: VisitChanges, zone: ZoneInfo) -> dict[str, Any]:
    """Return what a plan says of one appointment; the sentences of why are in the clinic's zone."""
    return {
        "appointment": visit.appointment.id,
        "clinic": visit.appointment.clinic,
        "treatment": visit.appointment.treatment,
        "starts_at": iso(visit.appointment.starts_at),
        "changes": [
            {
                "message": change.message.id if change.message else None,
                "step": change.step,
                "channel": change.channel.value,
                "occurrence": change.occurrence,
                "change": change.kind.value,
                "from": _iso(change.from_at),
                "to": _iso(change.to_at),
                "reason": why_of(change.reasons, zone),
            }
            for change in visit.changes
        ],
    }


def edit_data(edit: InFlightEdit, totals: Totals, approver: Approver) -> dict[str, Any]:
    """Return what a plan says of one edit."""
    return {
        "treatment": edit.edit.treatment,
        "step": edit.edit.step,
        "edit": edit.edit.kind.value,
        "what": list(words_of(edit.edit)),
        "clinics": list(edit.clinics),
        "pinned": edit.pinned,
        "approved": not unapproved_of(edit, approver),
        "in_flight": edit.visits,
        "touches": totals.touched[edit.edit],
    }


def totals_data(totals: Totals) -> dict[str, Any]:
    """Return what a plan comes to. Costs are decimal numbers as text, null where no clinic says a price."""
    costs = {
        currency: {"added": str(cost.added), "saved": str(cost.saved)}
        for currency, cost in sorted(totals.costs.items())
    }
    return {
        "in_flight": totals.in_flight,
        "appointments": totals.appointments,
        **totals.counts,
        "unchanged": totals.unchanged,
        "sent": totals.sent,
        "segments": {"added": totals.segments_added, "saved": totals.segments_saved},
        "cost": costs or None,
    }


def beside_data(beside: Beside) -> dict[str, Any]:
    """Return what stands beside the edits."""
    pins, gone = beside.apart.pins, beside.apart.withdrawn
    return {
        "pins": [{"treatment": it.treatment, "step": it.step, "appointments": it.visits} for it in pins],
        "withdrawn": [{"treatment": it.treatment, "appointments": it.visits} for it in gone],
        "unfinished": [unfinished_data(it) for it in beside.unfinished],
    }


def unfinished_data(apply: Apply) -> dict[str, Any]:
    """Return what is told of an apply that has not come to its end."""
    return {
        "id": apply.id,
        "by": apply.by,
        "at": iso(apply.at),
        "words": list(apply.words),
        "appointments": apply.counts.get("in_flight", 0),
    }


def apply_data(apply: Apply) -> dict[str, Any]:
    """Return what is told of an apply: who, when, which edits, and how much it changed."""
    return {
        "id": apply.id,
        "by": apply.by,
        "at": iso(apply.at),
        "finished_at": _iso(apply.finished_at),
        "given_up_by": apply.given_up_by,
        "words": list(apply.words),
        "edits": list(apply.edits),
        "totals": {name: apply.counts.get(name, 0) for name in COUNTED},
    }


# Thousands of visits have the same reasons.
@lru_cache(maxsize=1024)
def why_of(reasons: tuple[Reason, ...], zone: ZoneInfo) -> str:
    """Return the sentence of why, local times in that zone."""
    return sentence(reasons, zone)


def _iso(instant: datetime | None) -> str | None:
    return iso(instant) if instant else None
