"""Texts that staff write to patients: checked, put into the outbox once, and sent as every message is."""

import re
import secrets
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
from scheduler.store.replies import Reply, record_reply
from scheduler.store.writers import hold_number
from scheduler.store.wrote_since import latest_reply_of, replies_since, texts_since

log = get_logger(__name__)

MOST_WORDS = 20_000
"""Characters that a form may bring; an SMS has 1,600 at most, which its own check says."""
_FORM = re.compile(r"[A-Za-z0-9_-]{16,64}")


class WrittenMeanwhileError(ConflictError):
    """Somebody wrote since the page was loaded, a colleague or the patient: read that first.

    `by` is the last colleague ("user:anna"), "" for none, `staff` that text; `replies` are what the patient wrote.
    """

    code = "written_meanwhile"

    def __init__(self, by: str, staff: int, replies: tuple[Reply, ...]) -> None:
        said = [f"{by} has answered meanwhile"] if by else []
        said += ["the patient has written meanwhile"] if replies else []
        super().__init__(f"{' and '.join(said)}: read that first, then send yours")
        self.by, self.staff = by, staff
        self.replies = replies


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants to send. `form_id` is that of the form: the same form sends once.

    `at_once`: quiet hours don't keep it. `seen` is the latest text of staff on this thread that the person saw, 0 for
    none, and `thread` are the replies of it: where another was written since, nothing goes out. `heard` is the last
    that the patient had written then, in any thread (`seen_by`); None where nobody saw a page.
    """

    form_id: str
    words: str = field(repr=False)
    subject: str = field(default="", repr=False)
    at_once: bool = False
    seen: int = 0
    thread: tuple[int, ...] = ()
    heard: int | None = None


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
    nothing may go there now, or the form sent something else before, WrittenMeanwhileError where somebody else
    answered since, TemplateError for words that can't go out.
    """
    if not _FORM.fullmatch(draft.form_id):
        raise ConflictError("the form is not one of ours: load the page again", code="strange_form")
    origin = f"desk/{draft.form_id}"
    hold_number(tx, f"desk/{way.patient_id or way.to}")  # of two who answer at once the second finds the first's
    if before := find_desk_message(tx, origin):
        _refuse_other(before, _text(way, draft, by=by), way)
        return before
    if way.refused:
        raise ConflictError(sentence([way.refused], ZoneInfo("UTC")), code="because", why=way.refused)
    _refuse_unseen(tx, way, draft)
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


def _refuse_other(before: DeskMessage, text: DeskText, way: Way) -> None:
    """Refuse a form that somebody went back to, and changed: nobody may think that this was sent too."""
    sent = before.text
    same = sent is None or (sent.words, sent.subject) == (text.words, text.subject)
    if not same or before.message.channel is not way.channel:
        said = "this form was sent before, with other words: load the page again, then send these"
        raise ConflictError(said, code="form_sent")


def seen_by(tx: Tx, clinic: str, *, patient: int | None, reply: int | None) -> tuple[int, int]:
    """Return what a form that is made now knows: the last text of staff there, the last reply; 0 for none."""
    texts = texts_since(tx, patient, after=0) if patient is not None else ()
    staff = texts[-1].message.id if texts else 0
    return staff, latest_reply_of(tx, clinic, patient=patient, reply=reply)


def _refuse_unseen(tx: Tx, way: Way, draft: Draft) -> None:
    answered = {*draft.thread, *([way.reply_id] if way.reply_id else [])}
    newer = [it for it in desk_messages_of_replies(tx, answered) if it.message.id > draft.seen]
    wrote: tuple[Reply, ...] = ()
    if draft.heard is not None:
        newer += texts_since(tx, way.patient_id, after=draft.seen) if way.patient_id is not None else ()
        wrote = replies_since(tx, way.clinic.id, patient=way.patient_id, reply=way.reply_id, after=draft.heard)
    if newer or wrote:
        last = max(newer, key=lambda it: it.message.id, default=None)
        raise WrittenMeanwhileError((last.by or "somebody") if last else "", last.message.id if last else 0, wrote)


def _text(way: Way, draft: Draft, *, by: str) -> DeskText:
    words, subject = _storable(draft.words[:MOST_WORDS]), _storable(draft.subject)
    return replace(way.thread, words=words, subject=subject, by=by, at_once=draft.at_once)


def _storable(text: str) -> str:
    """Return a text as the databases take it: half a pair of UTF-16 is no character."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")
