"""What the pages of a thread have in common: which thread it is, who may see it, and how it is shown."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from fastapi import Path, Request
from fastapi.responses import Response

from scheduler.content.variables import title_of
from scheduler.domain.access import Caller, Permission
from scheduler.domain.clinic import Clinic
from scheduler.errors import NotFoundError
from scheduler.services.bookings.glance import Glance, refused_of
from scheduler.services.desk import Desk
from scheduler.services.desk_messages import Draft, new_form, seen_by
from scheduler.services.desk_ways import Way, ways_to_writer
from scheduler.services.inbox_thread import Thread, alert_of, alert_thread, reply_thread
from scheduler.services.left_text import LeftText, left_text
from scheduler.store.database import Tx
from scheduler.store.replies import Reply
from scheduler.store.writers import last_writer_to
from scheduler.web.access import note
from scheduler.web.console.inbox_words import Teller, sms_frame
from scheduler.web.console.refusals import why_of_booking
from scheduler.web.console.shell import Shell

Number = Annotated[int, Path(ge=1, lt=2**63)]
Kind = Literal["alerts", "replies"]


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form of an answer: as it was typed, or as it begins."""

    draft: Draft
    channel: str = ""
    clinic: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One thread for one caller. `here` is its path; `choices` are the clinics that could answer a stranger."""

    desk: Desk
    shell: Shell
    kind: Kind
    number: int

    @property
    def here(self) -> str:
        """Its path below the console's root."""
        return f"/inbox/{self.kind}/{self.number}"

    def thread(self, tx: Tx) -> Thread:
        """Return the thread as it is now. Raises NotFoundError."""
        found = alert_thread if self.kind == "alerts" else reply_thread
        return found(tx, self.desk.configuration, self.number)

    def admit(self, request: Request, caller: Caller, permission: Permission, thread: Thread) -> None:
        """Refuse whoever may not do that at the thread's clinic; say what it is about, for the record."""
        caller.demand(permission, thread.clinic_id)
        note(
            request, clinic=thread.clinic_id, subject=f"{'alert' if self.kind == 'alerts' else 'reply'}/{self.number}"
        )

    def elsewhere(self, tx: Tx, caller: Caller) -> str | None:
        """Return where a reply is seen that an open alert is about, None where that is here."""
        alert = alert_of(tx, self.number) if self.kind == "replies" else None
        if alert is None or not caller.may(Permission.READ, alert.clinic):
            return None
        return f"/inbox/alerts/{alert.id}"

    def ways(self, tx: Tx, caller: Caller, thread: Thread, clinic: str = "") -> tuple[Way, ...]:
        """Return how the latest reply can be answered; `clinic` is chosen where nobody knows which was meant."""
        if thread.latest is None or not thread.latest.readable:
            return ()
        by = self._answering(tx, caller, thread, clinic)
        patient = thread.patient
        return ways_to_writer(tx, by, thread.latest, patient, now=self.desk.clock.now()) if by else ()

    def choices(self, caller: Caller, thread: Thread) -> list[tuple[str, str]]:
        """Return the clinics that may answer where nobody knows which was meant, with their names."""
        if thread.clinic_id is not None:
            return []
        clinics = self.desk.configuration.clinics
        return [(it, clinics[it].name) for it in clinics if caller.may(Permission.CARE, it) and clinics[it].sms]

    def _answering(self, tx: Tx, caller: Caller, thread: Thread, clinic: str) -> Clinic | None:
        if thread.clinic_id is not None:
            return thread.clinic
        known = [it for it, _ in self.choices(caller, thread)]
        if clinic and clinic not in known:
            raise NotFoundError("there is no such clinic of yours")
        sender = thread.latest.sender if thread.latest else ""
        chosen = clinic or last_writer_to(tx, sender, known) or next(iter(known), "")
        return self.desk.configuration.clinics.get(chosen)

    def page(
        self,
        request: Request,
        caller: Caller,
        *,
        typed: Typed | None = None,
        preview: object = None,
        problems: tuple[tuple[str, str], ...] = (),
        wrote: tuple[Reply, ...] = (),
        status: int = 200,
        note_typed: str = "",
    ) -> Response:
        """Show the thread as it is now, with what was typed, and what the patient `wrote` since that was begun."""
        with self.desk.store.read() as tx:
            thread = self.thread(tx)
            ways = self.ways(tx, caller, thread, typed.clinic if typed else "")
            left = left_text(tx, caller.label, self.here) if typed is None else None
            refused = _refused(tx, thread)
            typed = typed or with_left(_begun(tx, thread, ways), left)
        may = caller.may(Permission.CARE, thread.clinic_id)
        typed = replace(typed, channel=typed.channel or next((it.channel for it in ways if not it.refused), ""))
        language = self.shell.language(request, caller)
        return self.shell.page(
            request,
            caller,
            "inbox/thread.html.j2",
            status=status,
            problems=problems,
            here=self.here,
            thread=thread,
            ways=ways,
            around={it.channel.value: sms_frame(self.desk.texts, it) for it in ways},
            typed=typed,
            preview=preview,
            wrote=wrote,
            left=left,
            note_typed=note_typed,
            choices=self.choices(caller, thread),
            may=may,
            mine=thread.taken_by == caller.label,
            say=(say := Teller(language, self.shell.formats(language), thread.clinic_id)),
            refused=[(it, why_of_booking(say, it.event.reason, it.event.why)) for it in refused],
            may_manage=caller.may(Permission.MANAGE, thread.clinic_id),
            title_of=lambda treatment: self._title(treatment, language),
        )

    def _title(self, treatment: str, language: str) -> str:
        protocol = self.desk.configuration.protocols.get(treatment)
        return title_of(protocol, language) if protocol else treatment


def _refused(tx: Tx, thread: Thread) -> tuple[Glance, ...]:
    """Return the calls that an alert is about which says that bookings of a source were refused."""
    kind, _, rest = thread.alert.subject.partition("/") if thread.alert and thread.is_open else ("", "", "")
    clinic, _, source = rest.partition("/")
    if kind != "bookings" or thread.clinic is None or clinic != thread.clinic.id or not source:
        return ()
    return refused_of(tx, thread.clinic, source)


def with_left(begun: Typed, left: LeftText | None) -> Typed:
    """Return a form with what its writer left there when a session ran out, if anything."""
    if left is None:
        return begun
    draft = replace(begun.draft, words=left.words, subject=left.subject or begun.draft.subject)
    return replace(begun, draft=draft)


def _begun(tx: Tx, thread: Thread, ways: tuple[Way, ...]) -> Typed:
    """Return a form as it begins: it knows what was written until now."""
    if not ways:
        return Typed(Draft(new_form(), "", seen=thread.staff_seen, heard=thread.seen))
    first = ways[0]
    staff, heard = seen_by(tx, first.clinic.id, patient=first.patient_id, reply=first.reply_id)
    seen = max(staff, thread.staff_seen)
    return Typed(Draft(new_form(), "", _subject(ways), seen=seen, heard=heard), clinic=first.clinic.id)


def _subject(ways: tuple[Way, ...]) -> str:
    return next((it.thread.subject for it in ways if it.thread.subject), "")
