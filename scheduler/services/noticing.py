"""Decides and writes notices: answers to patients, texts that staff wrote, and what tells staff of an alert."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from scheduler.content.formats import clean
from scheduler.content.render import RenderedEmail, RenderedSms, render_email, render_sms
from scheduler.content.templates import Texts
from scheduler.content.variables import notice_variables
from scheduler.content.written import DIGEST, written_email, written_sms
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import address_of, consent_for
from scheduler.domain.hours import hours_of_desk
from scheduler.domain.notice import MessageKind
from scheduler.domain.notice_decision import NoticeSituation, decide_notice
from scheduler.domain.outgoing import OutgoingCall
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.reasons import Reason, because
from scheduler.domain.refusal import until_mended
from scheduler.domain.segments import count_segments, to_plain
from scheduler.domain.situation import Decision, Kind
from scheduler.errors import TemplateError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.braking import Brakes
from scheduler.services.letters import PAGE_LASTS, Envelope, Letter, Recipient, new_attempt, sender_in_thread
from scheduler.services.links import Links
from scheduler.store.notices import DueNotice, Written

log = get_logger(__name__)

BARE_LANGUAGE, BARE_DIGEST = "en", "bare"
LINK_LASTS = timedelta(hours=24)
"""How long the link of one ring lets its contact see the alert."""


@dataclass(frozen=True, slots=True)
class NoticeVerdict:
    """A notice and what becomes of it."""

    due: DueNotice
    decision: Decision


@dataclass(frozen=True, slots=True)
class NoticeWriter:
    """Decides a batch of notices and renders those that go out."""

    configuration: Configuration
    texts: Texts
    links: Links

    def write(
        self, dues: Sequence[DueNotice], brakes: Brakes, *, now: datetime
    ) -> tuple[list[Letter], list[NoticeVerdict]]:
        """Return the letters that go out, and the verdicts on the others."""
        letters: list[Letter] = []
        verdicts: list[NoticeVerdict] = []
        for due in dues:
            decided = self._decided(due, brakes, now)
            if isinstance(decided, Letter):
                letters.append(replace(decided, trial=brakes.is_trial(due.message)))
            else:
                verdicts.append(NoticeVerdict(due, decided))
        return letters, verdicts

    def _decided(self, due: DueNotice, brakes: Brakes, now: datetime) -> Letter | Decision:
        clinic = self.configuration.clinics.get(due.message.clinic)
        if clinic is None:
            return until_mended(because("clinic_gone"), now=now, useful_until=due.message.useful_until)
        decision = decide_notice(_situation(due, clinic, brakes, now), now=now)
        if decision.kind is not Kind.SEND:
            return decision
        try:
            return self._letter(due, clinic, now)
        except TemplateError as error:
            fault = str(error)
        log.warning("message.unrenderable", message=due.message.id, reason=fault)
        if due.message.kind is MessageKind.ALERT:  # a fault in a text keeps nobody from being told
            with suppress(TemplateError):  # an address that can't stand in an email's head
                return self._bare(due, clinic, now)
        return decide_notice(_situation(due, clinic, brakes, now, template_error=fault), now=now)

    def _letter(self, due: DueNotice, clinic: Clinic, now: datetime) -> Letter:
        message = due.message
        language = clinic.language_for(message.language)
        if due.written:
            return self._written(due, due.written, clinic, now)
        envelope = Envelope(due, clinic, Recipient(due.to), language, now)
        if message.channel is Channel.WEBHOOK:
            return self._call(due, envelope, now)
        variables = notice_variables(
            clinic,
            language,
            page_url=self._page(due, now),
            alert_link=self._alert_link(due, now),
            alert_since=due.alert.opened_at if due.alert else None,
            alert_reason=due.alert.kind.value if due.alert else None,
        )
        if message.channel is Channel.EMAIL:
            return envelope.email(render_email(self.texts, message.step, language, variables))
        return envelope.sms(render_sms(self.texts, message.step, language, variables))

    def _written(self, due: DueNotice, written: Written, clinic: Clinic, now: datetime) -> Letter:
        """Put what a person wrote into its envelope: the words as they are."""
        message, text = due.message, written.text
        language = clinic.language_for(message.language)
        envelope = Envelope(due, clinic, Recipient(due.to, written.name), language, now)
        if message.channel is Channel.EMAIL:
            if text.html:  # a test: as the patient would get it
                return envelope.email(RenderedEmail(text.subject, text.words, text.html, DIGEST))
            return envelope.email(written_email(self.texts, clinic, language, text), references=text.references)
        # Tried again it goes from the clinic's own sender: the number that was written to may be gone.
        sender = sender_in_thread(clinic, text.sent_from) if not message.tries else None
        return envelope.sms(written_sms(self.texts, clinic, language, text), sender=sender)

    def _bare(self, due: DueNotice, clinic: Clinic, now: datetime) -> Letter:
        """Make a ring without any text of the clinic's: what needs a person, and where to see it."""
        assert due.alert
        envelope = Envelope(due, clinic, Recipient(due.to), BARE_LANGUAGE, now)
        what, link = due.alert.kind.value.replace("_", " "), self._alert_link(due, now)
        text = to_plain(f"{clean(clinic.name)}: an alert needs a person ({what}). See it and take it: {link}")
        if due.message.channel is Channel.EMAIL:
            html = f'<!doctype html><p>{escape(text.removesuffix(str(link)))}<a href="{link}">{link}</a></p>'
            return envelope.email(RenderedEmail(f"{clean(clinic.name)}: {what}", text, html, BARE_DIGEST))
        counted = count_segments(text)
        return envelope.sms(RenderedSms(text, counted.encoding, counted.segments, BARE_DIGEST))

    def _page(self, due: DueNotice, now: datetime) -> str | None:
        asked = due.asked
        if asked is None or asked.appointment_id is None:
            return None
        return self.links.page(asked.patient_id, asked.appointment_id, asked.page_epoch, expires_at=now + PAGE_LASTS)

    def _alert_link(self, due: DueNotice, now: datetime) -> str | None:
        if due.message.alert_id is None:
            return None
        return self.links.alert(due.message.alert_id, _ring_of(due), expires_at=now + LINK_LASTS)

    def _call(self, due: DueNotice, envelope: Envelope, now: datetime) -> Letter:
        """Make the call that tells a clinic's own system; without anything of a patient."""
        assert due.alert
        call_id = due.message.header_id or f"alert-{due.message.alert_id}-{due.message.id}"
        payload = {
            "type": "alert",
            "alert": due.message.alert_id,
            "kind": due.alert.kind.value,
            "clinic": due.alert.clinic,
            "opened_at": due.alert.opened_at.isoformat().replace("+00:00", "Z"),
            "link": self._alert_link(due, now),
        }
        text = json.dumps(payload)
        outgoing = OutgoingCall(new_attempt(), due.to, call_id, text.encode(), envelope.deadline)
        return Letter(due, outgoing, envelope.write_until, text, envelope.language, "", None, call_id)


def _situation(
    due: DueNotice, clinic: Clinic, brakes: Brakes, now: datetime, *, template_error: str | None = None
) -> NoticeSituation:
    message, written = due.message, due.written
    return NoticeSituation(
        kind=message.kind,
        origin=message.origin,
        template=message.step,
        channel=message.channel,
        useful_until=message.useful_until,
        stopped=due.stopped,
        over=due.alert is not None and due.alert.over,
        sent_from=message.channel is Channel.WEBHOOK or bool(clinic.sender(message.channel)),
        template_error=template_error,
        paused=brakes.paused(message, due.asked.patient_id if due.asked else None),
        refusing=brakes.refusing(message, clinic),
        answers=written is not None and written.text.in_thread,
        unwanted=_unwanted(due, written, clinic) if written else None,
        overtaken=written is not None and written.overtaken,
        allowed_at=_allowed_at(due, written, clinic, now) if written else None,
    )


def _unwanted(due: DueNotice, written: Written, clinic: Clinic) -> Reason | None:
    """Return why a patient may not be written to there; whoever wrote from there may be answered."""
    channel = due.message.channel
    if not due.to:
        return because("no_address", address=address_of(channel))
    if written.text.in_thread:
        return None
    unknown = clinic.consent_when_unknown
    return consent_for(channel, Purpose.CARE, written.ledger, stopped=due.stopped, when_unknown=unknown).refused


def _allowed_at(
    due: DueNotice, written: Written, clinic: Clinic, now: datetime
) -> tuple[datetime, tuple[Reason, ...]] | None:
    if written.text.at_once:
        return None
    zone = ZoneInfo(written.zone) if written.zone else None
    return hours_of_desk(clinic, zone).defer(now, due.message.useful_until)


def _ring_of(due: DueNotice) -> int:
    """Return which ring it is: its origin is alert/<id>/<ring>/<channel>."""
    return int(due.message.origin.split("/")[2])
