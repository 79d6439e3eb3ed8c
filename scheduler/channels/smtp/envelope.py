"""Who a mail is from and to on the wire: plain ASCII wherever that is possible."""

import re
from dataclasses import dataclass, field

from email_validator import EmailNotValidError, validate_email

from scheduler.channels.smtp.verp import return_path
from scheduler.domain.outgoing import OutgoingEmail
from scheduler.errors import ChannelError, ErrorKind, Scope

# One mailbox and nothing else: no second address, no ESMTP parameter, no control character can ride along.
_MAILBOX = re.compile(r'[^\s\x00-\x1f\x7f<>"(),:;@\[\]\\]+@[^\s\x00-\x1f\x7f<>"(),:;@\[\]\\]+')


@dataclass(frozen=True, slots=True)
class Envelope:
    """The two addresses as the server is told them. `utf8`: they need SMTPUTF8 (RFC 6531)."""

    sender: str
    recipient: str = field(repr=False)

    @property
    def utf8(self) -> bool:
        """Whether a local part has letters beyond ASCII, which have no other spelling."""
        return not (self.sender.isascii() and self.recipient.isascii())


def envelope_of(message: OutgoingEmail, bounces: str | None = None) -> Envelope:
    """Return the envelope; where there is a mailbox for `bounces`, its sender is that, with the attempt's token.

    Raises ChannelError where an address can't be written into it.
    """
    sender = _on_the_wire(return_path(bounces, message.attempt) if bounces else message.sender.address)
    if sender is None:
        raise ChannelError(
            "Email: the clinic's sender is no valid address: run `aftercare check`",
            kind=ErrorKind.CONFIGURATION,
            code="bad-sender",
            scope=Scope.SENDER,
        )
    recipient = _on_the_wire(message.to)
    if recipient is None:
        raise ChannelError("Email: the address is not valid", kind=ErrorKind.PERMANENT, code="bad-address")
    return Envelope(sender, recipient)


def _on_the_wire(address: str) -> str | None:
    if not _MAILBOX.fullmatch(address):
        return None
    local, _, domain = address.rpartition("@")
    if address.isascii() or not local.isascii():
        return address
    try:
        ascii_domain = validate_email(f"x@{domain}", check_deliverability=False).ascii_domain
    except EmailNotValidError:
        return None
    return f"{local}@{ascii_domain}"
