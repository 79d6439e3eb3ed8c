"""A mail on its way through the SMTP server: where it may be answered otherwise, how, and what is delivered."""

import base64
import json
from dataclasses import asdict, dataclass
from enum import Enum


class Fault(Enum):
    """What is no reply."""

    HANG_UP = "hang up"
    SILENCE = "silence"


class At(Enum):
    """Where in a mail's way a reply is scripted; the address is the sender's at MAIL, else the recipient's."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "the final dot"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A mail that this server took."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    options: tuple[str, ...]
    encrypted: bool
    user: str | None

    def record(self) -> str:
        return json.dumps({**asdict(self), "content": base64.b64encode(self.content).decode()})
