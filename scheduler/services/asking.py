"""Finds out who wrote: which clinic a text was meant for, which patient wrote it, and which question it answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.domain.clinic import Clinic
from scheduler.domain.consequences import Who
from scheduler.protocols.configuration import Configuration
from scheduler.store.database import Tx
from scheduler.store.writers import Owner, last_writer_to, open_question, owners_of, writers_to

OPEN_FOR = timedelta(days=7)
"""How long after it was handed over a question may still be answered."""
APART = timedelta(minutes=1)
"""So far the clocks of who sends and of who hears may be apart: what was written before a question answers none."""
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
"""What a text can be answered at: no short code, no name, no address of another service."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote. `clinic` is None where it is not known; `clinics` are those that it may have been meant for.

    `owners` are the patients of the clinic, or of the clinics, who have that number. `question` is the message that
    it answers, None where no question is open, or nobody knows to whom. `sharing`: the clinics that have a patient
    with that number each, and wrote to it lately, the last one first: each is told, and the first one answers.
    """

    who: Who
    clinic: Clinic | None
    clinics: tuple[Clinic, ...]
    owners: tuple[Owner, ...]
    question: int | None = None
    sharing: tuple[Clinic, ...] = ()

    @property
    def answers_for(self) -> Clinic | None:
        """The clinic whose texts answer, None where there is none."""
        return self.clinic or next(iter(self.sharing), None)

    @property
    def patient_id(self) -> int | None:
        """The patient, where there is no doubt."""
        return self.owners[0].id if self.who is Who.KNOWN else None

    @property
    def language(self) -> str | None:
        """The language that all owners have, None where they differ or have none."""
        spoken = {owner.language for owner in self.owners}
        return spoken.pop() if len(spoken) == 1 else None


def who_wrote(
    tx: Tx, configuration: Configuration, number: str, *, receiver: str, service: str, at: datetime
) -> Writer:
    """Find who wrote `at` from `number` to our number `receiver`, of the messaging service `service` or "".

    1. The clinics whose sender that is; all, where it is no clinic's any more.
    2. Of several the one that last sent that number something, of those that have a patient with it before others.
    3. Its patients with that number, as they are registered now: one is known, several are never guessed.
    4. Where several clinics have such a patient and wrote to that number while a question stays open, it is shared.
    """
    clinics = _receiving(configuration, receiver, service)
    owners = owners_of(tx, number, [clinic.id for clinic in clinics])
    sharing = _sharing(tx, configuration, number, owners, since=at - OPEN_FOR)
    if sharing:
        names = {clinic.id for clinic in sharing}
        owners = tuple(owner for owner in owners if owner.clinic in names)
        return Writer(_who(configuration, number, None, owners), None, sharing, owners, sharing=sharing)
    clinic = _meant(tx, configuration, number, clinics, owners)
    if clinic:
        owners = tuple(owner for owner in owners if owner.clinic == clinic.id)
    who = _who(configuration, number, clinic, owners)
    question = question_at(tx, owners[0].id, at) if who is Who.KNOWN else None
    return Writer(who, clinic, (clinic,) if clinic else clinics, owners, question)


def question_at(tx: Tx, patient_id: int, at: datetime) -> int | None:
    """Return the message that a patient who writes at that instant answers, None where no question is open."""
    return open_question(tx, patient_id, since=at - OPEN_FOR, until=at + APART)


def can_be_answered(number: str) -> bool:
    """Whether a text can go to what a text came from."""
    return _PHONE.fullmatch(number) is not None


def _sharing(
    tx: Tx, configuration: Configuration, number: str, owners: Sequence[Owner], *, since: datetime
) -> tuple[Clinic, ...]:
    """Return the clinics among which nobody can tell for which one it was meant; none where it can be told."""
    theirs = {owner.clinic for owner in owners}
    wrote = writers_to(tx, number, theirs, since=since) if len(theirs) > 1 else ()
    return tuple(configuration.clinics[it] for it in wrote) if len(wrote) > 1 else ()


def _receiving(configuration: Configuration, receiver: str, service: str) -> tuple[Clinic, ...]:
    everyone = tuple(configuration.clinics.values())
    named = {name for name in (receiver, service) if name}
    mine = tuple(it for it in everyone if it.sms and named & {it.sms.number, it.sms.messaging_service})
    return mine or everyone


def _meant(
    tx: Tx, configuration: Configuration, number: str, clinics: Sequence[Clinic], owners: Sequence[Owner]
) -> Clinic | None:
    if len(clinics) == 1:
        return clinics[0]
    likely = {owner.clinic for owner in owners} or {clinic.id for clinic in clinics}
    last = last_writer_to(tx, number, likely)
    if last is None and len(likely) == 1:
        (last,) = likely
    return configuration.clinics.get(last) if last else None


def _who(configuration: Configuration, number: str, clinic: Clinic | None, owners: Sequence[Owner]) -> Who:
    if any(it.sms and it.sms.number == number for it in configuration.clinics.values()):
        return Who.OURS
    if len(owners) == 1 and clinic:
        return Who.KNOWN
    if owners:
        return Who.SHARED
    return Who.STAFF if _is_on_call(configuration, number) else Who.UNKNOWN


def _is_on_call(configuration: Configuration, number: str) -> bool:
    people = [person for clinic in configuration.clinics.values() for person in clinic.on_call]
    return any(person.sms == number for person in (*configuration.instance.on_call, *people))
