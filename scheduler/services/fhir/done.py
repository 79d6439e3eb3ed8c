"""Reads a Procedure: whether it was done, and when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduler.domain.clinic import Clinic
from scheduler.domain.fhir import FhirKind
from scheduler.domain.localtime import instant
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.references import Place, References
from scheduler.services.fhir.shape import Resource
from scheduler.services.moments import NoInstantError, check_year, read_instant

BASED_ON = "http://hl7.org/fhir/StructureDefinition/event-basedOn"
"""The extension of R4 in which a Procedure may name the Appointment that it fulfils."""
UNDONE = frozenset({"not-done", "entered-in-error"})
_UNCLEAR = "is “{status}”: send it once it is completed, or not-done"
_DAY = len("2026-03-02")
_SLACK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Performed:
    """When something was done: `starts_at` (aware UTC) None where only the day `on` is known; texts as they came."""

    on: date
    starts_at: datetime | None
    start: str
    end: str

    def day(self, clinic: Clinic) -> tuple[datetime, datetime]:
        """Return the first instant of that day at the clinic, and that of the next."""
        midnight = datetime.min.time()
        return (
            instant(self.on, midnight, clinic.timezone),
            instant(self.on + timedelta(days=1), midnight, clinic.timezone),
        )


def is_done(procedure: Resource) -> bool:
    """Whether it was completed; False where it did not take place. Raises NotTakenError where that is not known."""
    status = procedure["status"]
    if status != "completed" and status not in UNDONE:
        raise refuse(Code.BUSINESS_RULE, _UNCLEAR.format(status=status), "status")
    return bool(status == "completed")


def when_done(procedure: Resource, clinic: Clinic, now: datetime) -> Performed:
    """Return when it was done. Raises NotTakenError where that is not said, or lies ahead."""
    period = procedure.get("performedPeriod", {})
    start, end = procedure.get("performedDateTime", "") or period.get("start", ""), period.get("end", "")
    at = "performedPeriod.start" if period else "performedDateTime"
    if not start:
        words = "is missing: send performedDateTime or performedPeriod with the date and time"
        raise refuse(Code.REQUIRED, words, "performedPeriod.start" if period else "performedDateTime")
    if len(start) < _DAY:
        raise refuse(Code.VALUE, "names no day: send the date and time", at)
    try:
        moment = None if len(start) == _DAY else read_instant(start, clinic)
        on = moment.astimezone(clinic.timezone).date() if moment else date.fromisoformat(start)
        check_year(on.year)
    except NoInstantError as error:
        raise refuse(Code.VALUE, str(error), at) from None
    except ValueError:
        raise refuse(Code.VALUE, "names a day that does not exist: look at the calendar", at) from None
    if (moment and moment > now + _SLACK) or on > now.astimezone(clinic.timezone).date():
        raise refuse(Code.VALUE, "lies ahead: what is completed has been done", at)
    # A period that ends with a day ends with no known hour.
    return Performed(on, moment, start, end if len(end) > _DAY else "")


def visit_meant(procedure: Resource, references: References) -> Place | None:
    """Return the reference to the Appointment that a Procedure fulfils, None where it names none."""
    for index, one in enumerate(procedure.get("extension", ())):
        place = Place(one.get("valueReference", {}), f"extension[{index}].valueReference")
        if one.get("url") == BASED_ON and references.kind_of(place.reference, procedure) == FhirKind.APPOINTMENT:
            return place
    return None
