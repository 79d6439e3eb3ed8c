"""Twilio's reports on what was sent, made and taken in as they come in life."""

from dataclasses import dataclass
from urllib.parse import quote

from scheduler.channels.twilio.webhook import Secrets
from scheduler.services.callbacks import STATUS_PATH, Call, TwilioCallbacks
from scheduler.services.receipts import Receipts
from tests.servers.signing import by_token, encoded
from tests.servers.twilio import AUTH_TOKEN
from tests.services.house import House

PUBLIC = "https://care.example.com"


def callbacks(house: House) -> TwilioCallbacks:
    receipts = Receipts(house.store, house.configuration, house.clock, "web")
    return TwilioCallbacks(house.store, house.clock, PUBLIC, Secrets(AUTH_TOKEN, {}), receipts, house.replies("web"))


@dataclass(frozen=True)
class Report:
    """What Twilio says of a message; without `attempt` the address has no token."""

    sid: str
    status: str
    code: str = ""
    attempt: str | None = None

    @property
    def form(self) -> dict[str, str]:
        form = {"MessageSid": self.sid, "SmsSid": self.sid, "MessageStatus": self.status, "SmsStatus": self.status}
        form |= {"To": "+14165550123", "From": "+14165550100", "ApiVersion": "2010-04-01", "RawDlrDoneDate": ""}
        return form | ({"ErrorCode": self.code} if self.code else {})

    @property
    def query(self) -> str:
        return f"attempt={quote(self.attempt, safe='')}" if self.attempt else ""

    def headers(self, base: str = PUBLIC, token: str = AUTH_TOKEN) -> dict[str, str]:
        return by_token(f"{base}{STATUS_PATH}{f'?{self.query}' if self.query else ''}", self.form, token)

    def store(self, house: House) -> None:
        """Take it in up to the answer."""
        call = callbacks(house).check_status(self.query, self.headers(), encoded(self.form))
        assert isinstance(call, Call)
        callbacks(house).keep([call])

    def tell(self, house: House) -> None:
        """Take it in, and work on it."""
        self.store(house)
        callbacks(house).work()
