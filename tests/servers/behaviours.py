"""What the Twilio-speaking server may be told to do with a create."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Whether the message is taken, and how it is answered."""

    takes: bool = True
    status: int = 201
    code: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    reads: bool = True
    half: bool = False
    closes: bool = False
    hangs: bool = False


ACCEPT = Behaviour()
FAIL_AFTER_TAKING = Behaviour(status=500, code=20500)
FAIL = Behaviour(takes=False, status=500, code=20500)
GARBAGE = Behaviour(body=b"\xff\xfe<html>not json")
HALF_A_RESPONSE = Behaviour(half=True)
CLOSE_BEFORE_READING = Behaviour(takes=False, reads=False, closes=True)
CLOSE_AFTER_TAKING = Behaviour(closes=True)
SLOW = Behaviour(hangs=True)
"""Takes the message and answers only when the server stops."""


def refuse(status: int, code: int | None = None, **headers: str) -> Behaviour:
    """The message is not taken; `Retry_After="7"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Behaviour(takes=False, status=status, code=code, headers=named)


MOODS = (
    FAIL_AFTER_TAKING,
    FAIL,
    GARBAGE,
    HALF_A_RESPONSE,
    CLOSE_BEFORE_READING,
    CLOSE_AFTER_TAKING,
    refuse(429, 20429, Retry_After="2"),
)
"""What a provider does on a bad day, but for keeping silent."""
