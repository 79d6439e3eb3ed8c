"""A step's text, with an invented patient, sent to the person who asks for it: never to anybody else.

It goes the way of every message, so that it shows the sender, the provider and the mailbox at work, too.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from scheduler.content.render import RenderedEmail, RenderedSms
from scheduler.domain.access import Caller, CallerKind, Permission
from scheduler.domain.desk_text import DeskText
from scheduler.domain.notice import DESK_TEXT, MessageKind, NewNotice
from scheduler.domain.protocol import Channel
from scheduler.errors import ConflictError, ForbiddenError, TemplateError
from scheduler.logs import get_logger
from scheduler.services.desk import Desk
from scheduler.services.text_previews import Wanted, rendered
from scheduler.store.notices import add_notices
from scheduler.store.users import addresses_of

log = get_logger(__name__)

ORIGIN = "test/"
"""What the origin of such a message begins with."""
HELPS_FOR = timedelta(minutes=15)
"""Whoever tests looks at the phone now."""


def own_addresses(desk: Desk, caller: Caller) -> Mapping[Channel, str | None]:
    """Return where a person's own tests go, by channel; None where the account says nothing."""
    if caller.kind is not CallerKind.USER:
        return {Channel.SMS: None, Channel.EMAIL: None}
    with desk.store.read() as tx:
        phone, email = addresses_of(tx, caller.id)
    return {Channel.SMS: phone, Channel.EMAIL: email}


def send_test(desk: Desk, caller: Caller, wanted: Wanted, channel: Channel) -> int:
    """Put a text into the outbox, to the caller's own address, and return the message. Blocks; commits.

    Raises ForbiddenError for who may not send tests at the clinic, NotFoundError for a text that is not there,
    ConflictError where the account has no such address, or the text can't be written. How often somebody may is for
    the caller of this to count.
    """
    caller.demand(Permission.OPERATE, wanted.clinic)
    if caller.kind is not CallerKind.USER:
        said = "a test goes to a person's own address: sign in to send one"
        raise ForbiddenError(said, code="test_of_person")
    to = own_addresses(desk, caller)[channel]
    if not to:
        what = "phone number" if channel is Channel.SMS else "email address"
        said = f"your account has no {what}: add it on the page of your account, then send the test"
        raise ConflictError(said, code="no_own_address", address=what.replace(" ", "_"))
    try:
        text = _as_written(rendered(desk, wanted, channel), caller)
    except TemplateError as error:
        raise ConflictError(f"the text can't be written: {error}", code="unwritable", error=str(error)) from None
    now = desk.clock.now()
    notice = NewNotice(
        kind=MessageKind.DESK,
        origin=f"{ORIGIN}{secrets.token_hex(12)}",
        clinic=wanted.clinic,
        channel=channel,
        to=to,
        template=DESK_TEXT,
        language=wanted.language,
        useful_until=now + HELPS_FOR,
        text=text,
    )
    with desk.store.write() as tx:
        (added,) = add_notices(tx, [notice], now=now)
    log.info("test.written", message=added, clinic=wanted.clinic, channel=channel, step=wanted.name)
    desk.wake()
    return added


def _as_written(text: RenderedSms | RenderedEmail, caller: Caller) -> DeskText:
    if isinstance(text, RenderedEmail):
        return DeskText(text.text, caller.label, in_thread=True, at_once=True, subject=text.subject, html=text.html)
    return DeskText(text.body, caller.label, in_thread=True, at_once=True)
