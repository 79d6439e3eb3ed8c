"""Decides and writes notices: answers to patients, and what tells staff of an alert."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import escape

from scheduler.content.formats import clean
from scheduler.content.render import RenderedEmail, RenderedSms, render_email, render_sms
from scheduler.content.templates import Texts
from scheduler.content.variables import notice_variables
from scheduler.domain.clinic import Clinic
from scheduler.domain.notice import MessageKind
from scheduler.domain.notice_decision import NoticeSituation, decide_notice
from scheduler.domain.outgoing import OutgoingCall
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import because
from scheduler.domain.refusal import until_mended
from scheduler.domain.segments import count_segments, to_plain
from scheduler.domain.situation import Decision, Kind
from scheduler.errors import TemplateError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.braking import Brakes
from scheduler.services.letters import PAGE_LASTS, Envelope, Letter, Recipient, new_attempt
from scheduler.services.links import Links
from scheduler.store.notices import DueNotice

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
        decision = decide_notice(_situation(due, clinic, brakes), now=now)
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
        return decide_notice(_situation(due, clinic, brakes, template_error=fault), now=now)

    def _letter(self, due: DueNotice, clinic: Clinic, now: datetime) -> Letter:
        message = due.message
        language = clinic.language_for(message.language)
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
    due: DueNotice, clinic: Clinic, brakes: Brakes, *, template_error: str | None = None
) -> NoticeSituation:
    message = due.message
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
    )


def _ring_of(due: DueNotice) -> int:
    """Return which ring it is: its origin is alert/<id>/<ring>/<channel>."""
    return int(due.message.origin.split("/")[2])
