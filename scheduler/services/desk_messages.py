"""Texts that staff write to patients: checked, put into the outbox once, and sent as every message is."""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.content.render import RenderedEmail, RenderedSms
from scheduler.content.templates import Texts
from scheduler.content.written import written_email, written_sms
from scheduler.domain.desk_text import DeskText
from scheduler.domain.notice import DESK_TEXT, MessageKind, NewNotice, ReplyCause
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import because, sentence
from scheduler.errors import ConflictError
from scheduler.logs import get_logger
from scheduler.services.desk_ways import HELPS_FOR, Way
from scheduler.store.database import Tx
from scheduler.store.desk_messages import DeskMessage, desk_messages_of_replies, find_desk_message
from scheduler.store.notices import add_notices
from scheduler.store.replies import record_reply
from scheduler.store.writers import hold_number

log = get_logger(__name__)

MOST_WORDS = 20_000
"""Characters that a form may bring; an SMS has 1,600 at most, which its own check says."""
_FORM = re.compile(r"[A-Za-z0-9_-]{16,64}")


class WrittenMeanwhileError(ConflictError):
    """Somebody else wrote since the page was loaded: read that first."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants to send. `form_id` is that of the form: the same form sends once.

    `at_once`: quiet hours don't keep it. `seen` is the latest text of staff on this thread that the person saw, 0 for
    none, and `thread` are the replies of it: where another was written since, nothing goes out.
    """

    form_id: str
    words: str = field(repr=False)
    subject: str = field(default="", repr=False)
    at_once: bool = False
    seen: int = 0
    thread: tuple[int, ...] = ()


def new_form() -> str:
    """Return what makes a form one of its own."""
    return secrets.token_urlsafe(16)


def preview(texts: Texts, way: Way, draft: Draft) -> RenderedSms | RenderedEmail:
    """Return what would go out. Raises TemplateError, which says what is wrong with the words."""
    text = _text(way, draft, by="")
    if way.channel is Channel.EMAIL:
        return written_email(texts, way.clinic, way.language, text)
    return written_sms(texts, way.clinic, way.language, text)


def write(tx: Tx, texts: Texts, way: Way, draft: Draft, *, by: str, now: datetime) -> DeskMessage:
    """Put a text into the outbox and return it; the same form again returns what it sent before.

    `way` was looked up in this transaction. The caller commits, then wakes the engine. Raises ConflictError where
    nothing may go there now, WrittenMeanwhileError where somebody else answered since, TemplateError for words that
    can't go out.
    """
    if not _FORM.fullmatch(draft.form_id):
        raise ConflictError("the form is not one of ours: load the page again")
    origin = f"desk/{draft.form_id}"
    hold_number(tx, f"desk/{way.patient_id or way.to}")  # of two who answer at once the second finds the first's
    if before := find_desk_message(tx, origin):
        return before
    if way.refused:
        raise ConflictError(sentence([way.refused], ZoneInfo("UTC")))
    _refuse_unseen(tx, {*draft.thread, *([way.reply_id] if way.reply_id else [])}, draft.seen)
    preview(texts, way, draft)
    due_at = now if draft.at_once else way.quiet_until or now
    notice = NewNotice(
        kind=MessageKind.DESK,
        origin=origin,
        clinic=way.clinic.id,
        channel=way.channel,
        to=way.to,
        template=DESK_TEXT,
        language=way.language,
        useful_until=due_at + HELPS_FOR,
        reply_id=way.reply_id,
        patient_id=way.patient_id,
        text=_text(way, draft, by=by),
        due_at=due_at,
    )
    for added in add_notices(tx, [notice], now=now):
        log.info("desk.written", message=added, reply=way.reply_id, clinic=way.clinic.id, channel=way.channel)
        if way.reply_id is not None:
            reasons = [because("desk_wrote", message=str(added), channel=way.channel.value)]
            record_reply(tx, way.reply_id, ReplyCause.WRITTEN, at=now, by=by, reasons=reasons)
    written = find_desk_message(tx, origin)
    assert written
    return written


def _refuse_unseen(tx: Tx, replies: Collection[int], seen: int) -> None:
    newer = [it for it in desk_messages_of_replies(tx, replies) if it.message.id > seen]
    if newer:
        raise WrittenMeanwhileError(f"{newer[-1].by} has answered meanwhile: read that first, then send yours")


def _text(way: Way, draft: Draft, *, by: str) -> DeskText:
    words, subject = _storable(draft.words[:MOST_WORDS]), _storable(draft.subject)
    return replace(way.thread, words=words, subject=subject, by=by, at_once=draft.at_once)


def _storable(text: str) -> str:
    """Return a text as the databases take it: half a pair of UTF-16 is no character."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
