"""A message that the Twilio-speaking server took, as Twilio shows it."""

import json
import math
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

DAY = len("2026-03-02")


@dataclass(frozen=True, slots=True)
class Taken:
    to: str
    body: str
    params: dict[str, str]
    sid: str = field(default_factory=lambda: f"SM{secrets.token_hex(16)}")
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def status(self) -> str:
        return "accepted" if "MessagingServiceSid" in self.params else "queued"

    def record(self) -> str:
        return json.dumps({**asdict(self), "at": self.at.isoformat(), "status": self.status})

    def shown(self, account: str) -> dict[str, object]:
        """The message resource; num_segments is 0 while a service has not chosen its sender."""
        service, when = self.params.get("MessagingServiceSid"), format_datetime(self.at)
        return {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": when,
            "date_sent": when,
            "date_updated": when,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": self.params.get("From"),
            "messaging_service_sid": service,
            "num_media": "0",
            "num_segments": "0" if service else str(max(1, math.ceil(len(self.body) / 153))),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {},
            "to": self.to,
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{self.sid}.json",
        }

    def matches(self, query: Mapping[str, str]) -> bool:
        """Whether a list with these filters shows it; dates are days in GMT, as Twilio documents."""
        if query.get("To", self.to) != self.to:
            return False
        day = self.at.date().isoformat()
        return (
            query.get("From", self.params.get("From")) == self.params.get("From")
            and query.get("DateSent", day)[:DAY] == day
            and query.get("DateSent>", day)[:DAY] <= day <= query.get("DateSent<", day)[:DAY]
        )
