"""Turns what the files say, once it is checked, into the domain's values; fills in what depends on other keys."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from scheduler.domain.advice import Advice
from scheduler.domain.clinic import Clinic, Closure, EmailSender, ImportMapping, OnCall, QuietHours, SmsSender
from scheduler.domain.protocol import (
    After,
    AfterReply,
    Before,
    Between,
    Protocol,
    Purpose,
    Remind,
    Step,
    Timing,
    Weekday,
)
from scheduler.protocols.clinic_file import ClinicFile, ClosureBlock, EmailBlock, SmsBlock
from scheduler.protocols.configuration import Instance
from scheduler.protocols.digest import digest_of
from scheduler.protocols.import_file import ImportBlock
from scheduler.protocols.instance_file import InstanceFile
from scheduler.protocols.on_call import OnCallBlock
from scheduler.protocols.preset_file import as_tuples, merged_columns, merged_statuses, preset_of
from scheduler.protocols.protocol_file import FirstOfBlock, ProtocolFile, StepBlock
from scheduler.protocols.source_building import build_sources


def build_instance(file: InstanceFile) -> Instance:
    """Return the installation's values."""
    return Instance(
        late_after=file.late_after.elapsed,
        late_spacing=file.late_spacing.elapsed,
        sms_at_once=file.sms_at_once,
        emails_at_once=file.emails_at_once,
        messages_a_day=file.messages_a_day,
        volume_times=file.volume_times,
        volume_floor=file.volume_floor,
        backlog_percent=file.backlog_percent,
        backlog_floor=file.backlog_floor,
        on_call=_on_call(file.on_call),
        sms_segments=file.sms_segments,
        reading_grade=file.reading_grade,
        escalate_after=file.escalate_after.elapsed,
        require_approval=file.require_approval,
        audit_years=file.audit_years,
    )


def build_protocol(file: ProtocolFile) -> Protocol:
    """Return the protocol with the digest of its meaning."""
    steps = tuple(_step(block) for block in file.steps)
    protocol = Protocol(treatment=file.protocol, title=file.title, duration=file.duration, steps=steps, digest="")
    return replace(protocol, digest=digest_of(protocol))


def _step(block: StepBlock) -> Step:
    first_of = isinstance(block.channels, FirstOfBlock)
    channels = block.channels.first_of if isinstance(block.channels, FirstOfBlock) else block.channels
    return Step(
        id=block.id,
        timing=_timing(block),
        channels=tuple(channels),
        first_of=first_of,
        template=block.template or block.id,
        purpose=block.purpose,
        useful_for=block.useful_for,
        if_late=block.if_late,
        ask=block.ask,
        unless=frozenset(block.unless),
        defer_on_closures=block.closures == "defer" if block.closures else block.purpose is not Purpose.CARE,
        remind=Remind(block.remind.after, block.remind.at) if block.remind else None,
        kind=block.kind,
        advice=tuple(Advice(tag, span) for tag, span in sorted(block.advice.items())),
    )


def _timing(block: StepBlock) -> Timing:
    if block.before is not None:
        return Before(block.before, block.at)
    if block.after is not None:
        return After(block.after, block.at)
    if block.between is not None:
        assert block.at is not None, "the step's rules demand it"
        between = block.between
        days = frozenset(block.on or Weekday)
        return Between(between.from_, between.to, between.prefer or between.from_, days, block.at)
    assert block.after_reply is not None, "the step's rules demand one of four"
    reply = block.after_reply
    return AfterReply(reply.to, frozenset(reply.triage), reply.wait, block.at)


def build_clinic(clinic_id: str, file: ClinicFile) -> Clinic:
    """Return the clinic of that id, the file's stem."""
    quiet = file.quiet_hours
    return Clinic(
        id=clinic_id,
        name=file.name,
        timezone=file.timezone,
        languages=tuple(file.languages),
        country=file.country,
        phone=file.phone,
        emergency_number=file.emergency_number,
        booking_url=file.booking_url,
        sms=_sms(file.sms) if file.sms else None,
        email=_email(file.email, file.name) if file.email else None,
        quiet_hours=QuietHours(quiet.from_, quiet.to) if quiet else None,
        closures=build_closures(file.closures),
        undo_grace=file.undo_grace.elapsed,
        merge_window=file.merge_window.elapsed,
        sms_may_name_treatment=file.sms_may_name_treatment,
        link_domains=tuple(file.link_domains),
        consent_when_unknown={purpose: getattr(file.consent, purpose.value) for purpose in Purpose},
        on_call=_on_call(file.on_call),
        escalate_after=file.escalate_after.elapsed,
        imports=_imports(file.imports) if file.imports else ImportMapping(),
        bookings=build_sources(file.bookings),
    )


def _on_call(people: Sequence[OnCallBlock]) -> tuple[OnCall, ...]:
    return tuple(OnCall(one.name, one.sms, one.email, one.webhook) for one in people)


def _sms(block: SmsBlock) -> SmsSender:
    sender = block.from_ or SmsSender(messaging_service=block.messaging_service)
    return replace(sender, rate=block.rate, price=block.price)


def _email(block: EmailBlock, clinic_name: str) -> EmailSender:
    return EmailSender(block.from_.address, block.from_.name or clinic_name, block.reply_to)


def build_closures(closures: Iterable[date | ClosureBlock]) -> tuple[Closure, ...]:
    """Return the days on which a clinic is closed."""
    return tuple(_closure(closure) for closure in closures)


def _closure(closure: date | ClosureBlock) -> Closure:
    if isinstance(closure, ClosureBlock):
        return Closure(closure.from_, closure.to or closure.from_)
    return Closure(closure, closure)


def _imports(block: ImportBlock) -> ImportMapping:
    preset = preset_of(block.preset) if block.preset else None
    return ImportMapping(
        columns=merged_columns(block, preset) if preset else as_tuples(block.columns),
        treatments=block.treatments,
        statuses=merged_statuses(block, preset) if preset else block.statuses,
        dates=block.dates or (preset.dates if preset else None),
        timezone=block.timezone,
        encoding=block.encoding,
        optional=frozenset(block.optional),
    )
