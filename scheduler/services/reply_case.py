"""Carries out what follows from a reply: it is kept, answered, told of, planned after, and counts as consent."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.domain.alert import AlertKind
from scheduler.domain.consent import Source
from scheduler.domain.consequences import Change, Consequences, Keyword, Who
from scheduler.domain.notice import FINE_ANSWER, AlertCause, MessageKind, NewNotice
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, because
from scheduler.domain.triage import Triage, Verdict
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import ENGINE, raise_alert
from scheduler.services.asking import Writer
from scheduler.services.consent import start_address, stop_address, stop_patient, wrong_number
from scheduler.services.followups import able_to_go, plan_after_reply
from scheduler.services.ringing import Bell, raise_and_ring
from scheduler.store.alert_events import record_alert
from scheduler.store.answers import withdraw_answers
from scheduler.store.database import Tx
from scheduler.store.joins import alert_to_join, join_alert
from scheduler.store.messages import get_message
from scheduler.store.notices import add_notices
from scheduler.store.replies import PAGE, NewReply, add_reply

log = get_logger(__name__)

ANSWER_HELPS_FOR = timedelta(hours=12)
"""An answer that could not go out for so long would puzzle more than help."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What somebody wrote. `unique_id` is the same for what comes twice, `sender` a phone in E.164 as it came.

    `receiver` is our number, `service` the messaging service that it belongs to, or "". `ticked` is what was chosen
    from given answers beside the words: the graver of the two counts, whatever the words are taken for.
    """

    unique_id: str
    source: str
    sender: str = field(repr=False)
    receiver: str
    service: str
    body: str = field(repr=False)
    received_at: datetime
    media: int = 0
    keyword: Keyword | None = None
    ticked: Verdict | None = None

    @property
    def on_page(self) -> bool:
        """Whether it was given on the patient's page: who wrote is certain then, and `sender` may be ""."""
        return self.source == PAGE


@dataclass(frozen=True, slots=True)
class Case:
    """One reply that is being taken in, in the transaction of whoever commits. `by` names this process in events.

    `language` is what an answer is to be in where the clinic speaks it.

    `carry out` in this order: `keep`, `plan`, `take_back`, `answer`, `tell`, `change`. Whoever records
    hand-overs takes messages before stops, so that consent comes last.
    """

    configuration: Configuration
    by: str
    now: datetime
    incoming: Incoming
    writer: Writer
    verdict: Verdict
    language: str | None = None

    def keep(self, tx: Tx, follows: Consequences) -> int | None:
        """Keep the reply and return its id; None when it is there already."""
        incoming, writer, verdict = self.incoming, self.writer, self.verdict
        answered = because("answered_with", template=follows.answer) if follows.answer else follows.silent
        reply = NewReply(
            unique_id=incoming.unique_id,
            source=incoming.source,
            clinic=writer.clinic.id if writer.clinic else None,
            receiver=incoming.receiver,
            sender=incoming.sender,
            body=incoming.body,
            media=incoming.media,
            received_at=incoming.received_at,
            patient_id=writer.patient_id,
            question=writer.question,
            triage=verdict.triage,
            because=verdict.because,
            stops=verdict.stops or follows.change is Change.STOP,
        )
        return add_reply(tx, reply, now=self.now, by=self.by, reasons=[answered] if answered else [])

    def plan(self, tx: Tx) -> tuple[int, ...]:
        """Plan what the protocol has for such an answer; return the messages that will ask the patient again.

        What may not go out as things are, and goes only if they change, is no such message.
        """
        assert self.writer.question is not None
        question = get_message(tx, self.writer.question)
        triage, at = self.verdict.triage, self.incoming.received_at
        try:
            planned = plan_after_reply(tx, self.configuration, question, triage, now=self.now, by=self.by, at=at)
        except KeysError as error:
            # Nothing can be sent to somebody whose data can't be opened: a person has to ask.
            log.warning("reply.not_planned", message=question.id, reason=str(error))
            return ()
        return tuple(able_to_go(tx, self.configuration, planned, now=self.now))

    def take_back(self, tx: Tx) -> None:
        """Take back what waits to be answered to good news, where this sounds worse: it would reassure."""
        if self.verdict.triage in (Triage.URGENT, Triage.CONCERN) and self.incoming.sender:
            withdraw_answers(tx, self.incoming.sender, FINE_ANSWER, now=self.now, by=self.by)

    def answer(self, tx: Tx, reply_id: int, follows: Consequences) -> None:
        """Put the answer into the outbox, if there is to be one."""
        clinic = self.writer.answers_for
        if follows.answer is None or clinic is None:
            return
        notice = NewNotice(
            kind=MessageKind.ANSWER,
            origin=f"reply/{reply_id}/{'stopped' if follows.confirms else 'answer'}",
            clinic=clinic.id,
            channel=Channel.SMS,
            to=self.incoming.sender,
            template=follows.answer,
            language=clinic.language_for(self.language),
            useful_until=self.incoming.received_at + ANSWER_HELPS_FOR,
            reply_id=reply_id,
        )
        add_notices(tx, [notice], now=self.now)

    def tell(self, tx: Tx, reply_id: int, kind: AlertKind) -> None:
        """Raise an alert of the reply, and tell who is on call; of each clinic that it may have been meant for."""
        for clinic in self.writer.sharing:
            self._tell_one_of_several(tx, reply_id, kind, clinic.id)
        if self.writer.sharing:
            return
        raise_and_ring(
            tx,
            self.configuration,
            kind,
            f"reply/{reply_id}",
            reasons=self._reasons(),
            now=self.now,
            clinic=self.writer.clinic.id if self.writer.clinic else None,
            reply_id=reply_id,
        )

    def _tell_one_of_several(self, tx: Tx, reply_id: int, kind: AlertKind, clinic: str) -> None:
        """Raise an alert of its own: a reply joins one alert at most, and here each clinic has to see it."""
        subject, reasons = f"reply/{reply_id}/{clinic}", self._reasons()
        alert = raise_alert(tx, kind, subject, reasons=reasons, now=self.now, clinic=clinic, reply_id=reply_id)
        if alert:
            Bell(self.configuration).ring(tx, alert, now=self.now)

    def show(self, tx: Tx, reply_id: int, *, repeats: bool) -> None:
        """Put the reply beside those of the open alert about that number.

        Nobody is told, unless it `repeats` what nobody has been told of for a while.
        """
        alert = alert_to_join(tx, reply_id)
        if alert and join_alert(tx, alert, reply_id, kind=alert.kind, reasons=alert.reasons):
            record_alert(tx, alert.id, AlertCause.JOINED, at=self.now, by=ENGINE, reasons=self._reasons())
            if repeats:
                Bell(self.configuration).ring_of_same(tx, alert, now=self.now)

    def change(self, tx: Tx, change: Change | None) -> bool:
        """Put on record what becomes of the number's consent; return False where only a person may do it.

        Where it is not known which clinic was meant, it counts for each that it may have been. A stop on the page is
        of all messages to the patient, whatever the channel: the page speaks to the person, not to a number.
        """
        if change is Change.STOP and self.incoming.on_page and self.writer.patient_id is not None:
            said, by = self.incoming.body, self.by
            stop_patient(tx, self.writer.patient_id, source=Source.PAGE, wording=said, by=by, now=self.now)
            return True
        if change is None or not self.incoming.sender:
            return change is not Change.START
        done = [self._change_at(tx, clinic.id, change) for clinic in self.writer.clinics]
        return all(done)

    def _change_at(self, tx: Tx, clinic: str, change: Change) -> bool:
        number, said, by, now = self.incoming.sender, self.incoming.body, self.by, self.now
        source = Source.PAGE if self.incoming.on_page else Source.REPLY
        match change:
            case Change.WRONG_NUMBER:
                wrong_number(tx, clinic, number, wording=said, by=by, now=now)
            case Change.STOP:
                stop_address(tx, clinic, Channel.SMS, number, source=source, wording=said, by=by, now=now)
            case Change.START:
                return start_address(tx, clinic, Channel.SMS, number, source=source, wording=said, by=by, now=now)
        return True

    def _reasons(self) -> tuple[Reason, ...]:
        """Return what whoever is on call is told: nothing that a patient said or is called."""
        triage, owners = self.verdict.triage, self.writer.owners
        reasons = [because(f"reply_{triage}")]
        if self.verdict.stops and triage is not Triage.STOP:
            reasons.append(because("reply_stops"))
        if self.verdict.asks and triage is not Triage.QUESTION:
            reasons.append(because("reply_asks"))
        if self.incoming.media:
            reasons.append(because("reply_media", count=str(self.incoming.media)))
        if self.writer.who is Who.SHARED:
            reasons.append(because("reply_shared", patients=", ".join(str(owner.id) for owner in owners)))
        if self.writer.who is Who.UNKNOWN:
            reasons.append(because("reply_stranger"))
        return tuple(reasons)
