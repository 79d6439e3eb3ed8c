"""From what a person or a file wrote to a checked registration. Every wrong field is named, all at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Answer
from scheduler.domain.word import WordAge
from scheduler.services.field_reader import FieldReader
from scheduler.services.fields import ID_LIMIT, NAME_LIMIT, PERSON, Field, Wrong, WrongFieldsError, of_person
from scheduler.services.ways import AS_TYPED, Ways

__all__ = [
    "ID_LIMIT",
    "NAME_LIMIT",
    "PERSON",
    "CallOff",
    "Details",
    "Field",
    "Registration",
    "Wrong",
    "WrongFieldsError",
    "of_person",
    "read_call_off",
    "read_details",
    "read_registration",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One appointment as registered: addresses normalised, instants aware UTC. Its repr shows no patient data.

    `status` None: nothing was said about it. `age` None: nothing says how old this word of its source is. `patient`
    is our number of the patient, where it is known for certain: then nothing else says who it is. `behind` says where
    a newer word on the person is, as in "row 12": this one then only fills in what is not known; its consents are
    those that count still.
    """

    clinic: str
    treatment: str
    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: str | None
    timezone: str | None
    external_id: str | None
    patient_ref: str | None = field(repr=False)
    starts_at: datetime
    ends_at: datetime | None
    status: AppointmentStatus | None
    consent_sms: Answer
    consent_email: Answer
    consent_marketing: Answer
    age: WordAge | None = None
    patient: int | None = None
    behind: str = ""


@dataclass(frozen=True, slots=True)
class CallOff:
    """The booking system's word that a visit does not take place: its id there says which, nothing more is needed.

    Who it is about, and which treatment of ours, as far as that is said and can be read, tells an id of somebody
    else. `age` as in Registration.
    """

    clinic: str
    external_id: str
    status: AppointmentStatus
    age: WordAge | None = None
    name: str = field(default="", repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    treatment: str | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """Who a patient is, as checked: the phone in E.164. Its repr shows no patient data."""

    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: str | None
    timezone: str | None


def read_details(raw: Mapping[Field, str], clinic: Clinic, *, must_reach: bool = True) -> Details:
    """Check who a patient is by the rules of a registration; `must_reach`: by a phone or an email.

    Raises WrongFieldsError.
    """
    reader = FieldReader(raw, clinic, AS_TYPED)
    details = Details(reader.name(), reader.phone(), reader.email(), reader.language(), reader.timezone())
    if must_reach:
        reader.refuse_unreachable()
    reader.refuse_wrong()
    return details


def read_call_off(raw: Mapping[Field, str], clinic: Clinic, *, ways: Ways = AS_TYPED) -> CallOff | None:
    """Return what calls a visit off by its id, whatever else is said or missing; None where it does not.

    So it is where nobody can say how old this word is: a visit that is on again must not be called off by it.
    """
    reader = FieldReader(raw, clinic, ways)
    external_id, status = reader.identifier(Field.EXTERNAL_ID), reader.status()
    if not external_id or status not in CALLED_OFF:
        return None
    age = reader.age()
    if reader.wrong:
        return None
    person = FieldReader(raw, clinic, ways)  # what is wrong with a person's particulars stops no cancellation
    return CallOff(clinic.id, external_id, status, age, person.name(), person.phone(), person.email())


def read_registration(
    raw: Mapping[Field, str], clinic: Clinic, treatment: str, *, ways: Ways = AS_TYPED, must_reach: bool = True
) -> Registration:
    """Check the fields of one appointment; an empty text is a field that was not given.

    Without `ways` of a file instants are ISO 8601, where a time without an offset is the clinic's wall clock.
    `must_reach`: somebody new has to have a phone or an email.
    Raises WrongFieldsError with one line that names every wrong field.
    """
    reader = FieldReader(raw, clinic, ways)
    registration = Registration(
        clinic=clinic.id,
        treatment=treatment,
        name=reader.name(),
        phone=reader.phone(),
        email=reader.email(),
        language=reader.language(),
        timezone=reader.timezone(),
        external_id=reader.identifier(Field.EXTERNAL_ID),
        patient_ref=reader.identifier(Field.PATIENT_ID),
        starts_at=reader.instant(Field.STARTS_AT) or datetime.max.replace(tzinfo=UTC),
        ends_at=reader.instant(Field.ENDS_AT),
        status=reader.status(),
        consent_sms=reader.answer(Field.CONSENT_SMS),
        consent_email=reader.answer(Field.CONSENT_EMAIL),
        consent_marketing=reader.answer(Field.CONSENT_MARKETING),
        age=reader.age(),
    )
    reader.cross_check(registration.starts_at, registration.ends_at, must_reach=must_reach)
    return registration
