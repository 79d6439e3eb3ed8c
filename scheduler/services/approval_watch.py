"""Tells whoever is on call, two days ahead, of messages that will be kept back because nobody approved them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.domain.alert import AlertKind
from scheduler.domain.protocol import Step
from scheduler.domain.reasons import Reason, because
from scheduler.services.alerts import end_alert, raise_alert
from scheduler.services.approver import Approver
from scheduler.store.alerts import open_alerts
from scheduler.store.database import Store, Tx
from scheduler.store.forthcoming import Forthcoming, forthcoming, wake_unapproved
from scheduler.store.versions import versions_of

AHEAD = timedelta(hours=48)
"""So long before it is due somebody is told: time to find the clinician."""

BETWEEN = timedelta(minutes=5)

NAMED = 3
"""So many of the steps and texts are named; `aftercare approve --list` has all."""


@dataclass(slots=True)
class ApprovalWatch:
    """Looks for one process. One alert a clinic, which ends by itself when nothing waits for an approval."""

    _looked_at: datetime | None = None

    def is_time(self, now: datetime) -> bool:
        """Whether the last look is long enough ago; a clock that was set back does not stop the looking."""
        return self._looked_at is None or abs(now - self._looked_at) >= BETWEEN

    def look(self, store: Store, approver: Approver, *, now: datetime) -> bool:
        """Open and end alerts as it looks now; let what waited for an approval be tried again at once.

        Return whether there is such. Blocks; commits, where something changes. Raises StoreError.
        """
        self._looked_at = now
        with store.read() as tx:
            known = {it.subject for it in open_alerts(tx) if it.kind is AlertKind.UNAPPROVED}
            found = _unapproved(tx, approver, now + AHEAD) if approver.required else {}
        if not found and not known:
            return False
        with store.write() as tx:
            for clinic, reason in sorted(found.items()):
                raise_alert(tx, AlertKind.UNAPPROVED, clinic, clinic=clinic, reasons=(reason,), now=now)
            for clinic in sorted(known - found.keys()):
                end_alert(tx, AlertKind.UNAPPROVED, clinic, now=now)
            return wake_unapproved(tx, now=now) > 0 if known else False


def _unapproved(tx: Tx, approver: Approver, until: datetime) -> Mapping[str, Reason]:
    """Return what waits for an approval, or will, by clinic."""
    counts: dict[str, int] = defaultdict(int)
    named: dict[str, list[str]] = defaultdict(list)
    due = forthcoming(tx, until=until)
    versions = versions_of(tx, {it.protocol for it in due if it.protocol})
    for it in due:
        protocol = versions.get(it.protocol or "")
        step = protocol.step(it.step) if protocol else _in_file(approver, it)
        if step is None or it.clinic not in approver.configuration.clinics:
            continue
        language = approver.configuration.clinic(it.clinic).language_for(it.language)
        if lacking := approver.lacking_of(it.treatment, step, it.channel, language):
            counts[it.clinic] += it.messages
            named[it.clinic].append(_name(lacking))
    return {
        clinic: because("waits_unapproved", count=str(count), until_at=until, what=_listed(named[clinic]))
        for clinic, count in counts.items()
    }


def _in_file(approver: Approver, it: Forthcoming) -> Step | None:
    known = approver.configuration
    if it.clinic not in known.clinics or it.treatment not in known.protocols:
        return None
    return known.protocol_for(it.clinic, it.treatment).step(it.step)


def _name(lacking: Reason) -> str:
    said = dict(lacking.params)
    return f"{said['what']} of {said['treatment']}"


def _listed(names: list[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - NAMED
    return ", ".join(distinct[:NAMED]) + (f" and {more} more" if more > 0 else "")
