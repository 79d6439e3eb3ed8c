"""Patients of these tests answer: through the desk that takes in replies, with the shipped words."""

from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path

from scheduler.domain.lexicon import Lexicon
from scheduler.protocols.lexicons import load_lexicons
from scheduler.services.reply_case import Incoming
from scheduler.services.reply_desk import ReplyDesk, TakenIn
from scheduler.store.replies import SMS
from tests.services.house import PHONE, House

NUMBER = "+14165550109"
"""What the clinic north writes from."""
_SHIPPED = Path(__file__).parents[2] / "config"
_ids = count(1)


@cache
def words() -> tuple[Lexicon, ...]:
    return load_lexicons(_SHIPPED)


def incoming(text: str, at: datetime, *, sender: str = PHONE) -> Incoming:
    """A text to the clinic north."""
    return Incoming(f"SM{next(_ids):032}", SMS, sender, NUMBER, "", text, received_at=at)


def answer(house: House, text: str, at: datetime, *, sender: str = PHONE) -> TakenIn:
    """Let a patient write at that instant; return what became of it."""
    house.clock.move_to(at)
    with house.store.write() as tx:
        desk = ReplyDesk(house.configuration, words, by="test")
        taken = desk.take_in(tx, incoming(text, at, sender=sender), now=at)
    assert taken is not None
    return taken
