"""Whose no-show it is: a booking may name several people, of whom one is the patient."""

from collections.abc import Mapping
from dataclasses import replace

from scheduler.domain.booking_event import Told
from scheduler.domain.why import Why
from scheduler.services.bookings.news import News
from scheduler.services.bookings.not_taken import NotTakenError
from scheduler.services.bookings.ties import Ties
from scheduler.store.database import Tx
from scheduler.store.known import look_up
from scheduler.store.names import plain_email
from scheduler.store.patients import Patient, get_patient


def of_the_patient(tx: Tx, clinic: str, ids: frozenset[str], news: News, ties: Ties) -> News:
    """Return what a call says of the patient, where it says it of each who was to come. `ids` are the booking's.

    The patient may have another mailbox by now than the one that the booking was made with.
    Raises NotTakenError where none of them has the patient's address: a person looks who it was.
    """
    if not news.came:
        return news
    visits = look_up(tx, clinic, [], sorted(ids)).visits
    visit = next((it for name in sorted(ids) if (it := visits.named(name))), None)
    came = all(news.came.values()) if visit is None else _of(get_patient(tx, visit.patient_id), news.came)
    if came is None:
        known = {plain_email(email): it for email, it in news.came.items()}
        came = known.get(plain_email(ties.mailbox(ids) or ""))
    if came is None:
        said = "who came or did not come has another address than the patient: see there who it was, and note it here"
        raise NotTakenError(said, (Why("not_the_patient"),))
    return replace(news, told=Told.BOOKED if came else Told.MISSED, back=came, came={})


def _of(patient: Patient, came: Mapping[str, bool]) -> bool | None:
    """Return whether the patient came, None where nobody has the patient's address.

    Who booked with a number alone has a mailbox that was made up of it.
    """
    known = {plain_email(email): it for email, it in came.items()}
    digits = {email.partition("@")[0].lstrip("+"): it for email, it in known.items()}
    if patient.email and (found := known.get(plain_email(patient.email))) is not None:
        return found
    return digits.get(patient.phone.lstrip("+")) if patient.phone else None
