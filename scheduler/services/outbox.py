"""What a rehearsal would have sent, for people to read: texts as they are, mails as a mail program shows them."""

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from scheduler.domain.protocol import Channel
from scheduler.store.outbox_pages import Kept


@dataclass(frozen=True, slots=True)
class Shown:
    """A rehearsed message with its text; an email's `subject`, `sender` and `html` too."""

    kept: Kept
    text: str = field(repr=False)
    subject: str = field(default="", repr=False)
    sender: str = ""
    html: str = field(default="", repr=False)

    @property
    def opening(self) -> str:
        """What a list shows of it: an email's subject, else the first line."""
        return self.subject or next((line for line in self.text.splitlines() if line.strip()), "")


def show(kept: Kept) -> Shown:
    """Take a rehearsed message apart."""
    if kept.channel is not Channel.EMAIL:
        return Shown(kept, kept.content.decode("utf-8", "replace"))
    mail = message_from_bytes(kept.content, EmailMessage, policy=policy.default)
    return Shown(
        kept,
        _part(mail, "plain"),
        subject=str(mail["Subject"] or ""),
        sender=str(mail["From"] or ""),
        html=_part(mail, "html"),
    )


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""
