"""Texts that patients send, taken in as they come in life, and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.services.callbacks import INBOUND_PATH, Call
from scheduler.store.alerts import Alert, all_alerts
from scheduler.store.messages import Message, read_message
from scheduler.store.replies import Reply, latest_replies
from scheduler.store.tables import messages
from tests.servers.signing import by_token, encoded
from tests.servers.twilio import AUTH_TOKEN
from tests.services.house import PHONE, House
from tests.services.reports import PUBLIC, callbacks

NORTH = "+14165550109"
_numbers = count(1)


@dataclass(frozen=True)
class Text:
    """One text as Twilio tells of it; each has a name of its own unless one is given."""

    body: str
    sender: str = PHONE
    to: str = NORTH
    sid: str = field(default_factory=lambda: f"SM{next(_numbers):032x}")
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def form(self) -> dict[str, str]:
        form = {"MessageSid": self.sid, "SmsSid": self.sid, "From": self.sender, "To": self.to, "Body": self.body}
        return form | {
            "NumMedia": "0",
            "NumSegments": "1",
            "FromCountry": "CA",
            "ApiVersion": "2010-04-01",
            **self.more,
        }

    def headers(self, base: str = PUBLIC, token: str = AUTH_TOKEN) -> dict[str, str]:
        return by_token(f"{base}{INBOUND_PATH}", self.form, token)

    def store(self, house: House) -> None:
        """Take it in up to the answer to Twilio."""
        call = callbacks(house).check_inbound("", self.headers(), encoded(self.form))
        assert isinstance(call, Call)
        callbacks(house).keep([call])

    def send(self, house: House) -> Reply:
        """Take it in, work on it, and return what was kept."""
        self.store(house)
        callbacks(house).work_on_replies()
        return next(it for it in replies(house) if it.unique_id == self.sid)


def replies(house: House) -> tuple[Reply, ...]:
    """Return all replies, the newest first."""
    with house.store.read() as tx:
        return latest_replies(tx)


def answers(house: House) -> list[Message]:
    """Return all answers, the oldest first."""
    found = sa.select(messages).where(messages.c.kind == MessageKind.ANSWER).order_by(messages.c.id)
    with house.store.read() as tx:
        return [read_message(row) for row in tx.connection.execute(found)]


def answered(house: House) -> list[str]:
    """Return the templates of all answers, the oldest first."""
    return [it.step for it in answers(house)]


def alerts(house: House) -> list[Alert]:
    """Return all alerts, the oldest first."""
    with house.store.read() as tx:
        return list(reversed(all_alerts(tx)))


def alerted(house: House) -> list[str]:
    """Return the kinds of all alerts, the oldest first."""
    return [it.kind.value for it in alerts(house)]
