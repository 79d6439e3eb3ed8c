"""Links that are keys: signed, expiring, without anything of a patient in them."""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum

from scheduler.store.vault import Vault

_TAG_BYTES = 16
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class LinkFault(Enum):
    """Why a link opens nothing."""

    FORGED = "forged"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PageClaim:
    """A patient's page of one visit; `epoch` is the patient's when the link was made: a later one revokes it."""

    patient_id: int
    appointment_id: int
    epoch: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AlertClaim:
    """What lets a contact see an alert and take it; `contact` is the place in the order in which it rang."""

    alert_id: int
    contact: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AgendaClaim:
    """A person's calendar of what goes out; `number` is that of the link: only the newest opens it."""

    user_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads links. `public_url` has no slash at its end.

    A token is what it says, packed, and half of an HMAC-SHA256 under the secret key over the kind of link and that:
    nobody can guess one, nor make another kind or another patient's of it.
    """

    public_url: str
    vault: Vault = field(repr=False)

    def page(self, patient_id: int, appointment_id: int, epoch: int, *, expires_at: datetime) -> str:
        """Return the address of a patient's page, valid until `expires_at` (aware UTC, in whole minutes)."""
        return self._link("p", ">QQIQ", patient_id, appointment_id, epoch, _minutes(expires_at))

    def alert(self, alert_id: int, contact: int, *, expires_at: datetime) -> str:
        """Return the address under which a contact sees an alert."""
        return self._link("a", ">QIQ", alert_id, contact, _minutes(expires_at))

    def unsubscribe(self, message_id: int) -> str:
        """Return the address that stops the emails to the address which that message went to. It never expires."""
        return self._link("u", ">Q", message_id)

    def agenda(self, user_id: int, number: int) -> str:
        """Return the address of a person's calendar of what goes out. It never expires: a later one revokes it."""
        return f"{self._link('c', '>QQ', user_id, number)}.ics"

    def read_page(self, token: str, *, now: datetime) -> PageClaim | LinkFault:
        """Read the token of a page's address. The caller compares the epoch."""
        claim = self.read_page_whenever(token)
        return LinkFault.EXPIRED if isinstance(claim, PageClaim) and now >= claim.expires_at else claim

    def read_page_whenever(self, token: str) -> PageClaim | LinkFault:
        """Read the token of a page's address, expired or not: to say kindly whose it was."""
        values = self._read("p", ">QQIQ", token)
        if values is None:
            return LinkFault.FORGED
        patient_id, appointment_id, epoch, minutes = values
        return PageClaim(patient_id, appointment_id, epoch, _instant(minutes))

    def read_alert(self, token: str, *, now: datetime) -> AlertClaim | LinkFault:
        """Read the token of an alert's address."""
        values = self._read("a", ">QIQ", token)
        if values is None:
            return LinkFault.FORGED
        alert_id, contact, minutes = values
        claim = AlertClaim(alert_id, contact, _instant(minutes))
        return LinkFault.EXPIRED if now >= claim.expires_at else claim

    def read_unsubscribe(self, token: str) -> int | None:
        """Return the message of an unsubscribe address; None for a forged one."""
        values = self._read("u", ">Q", token)
        return values[0] if values else None

    def read_agenda(self, token: str) -> AgendaClaim | None:
        """Read the token of a calendar's address, without its ending; None for a forged one."""
        values = self._read("c", ">QQ", token)
        return AgendaClaim(*values) if values else None

    def _link(self, kind: str, shape: str, *values: int) -> str:
        packed = struct.pack(shape, *values)
        token = base64.urlsafe_b64encode(packed + self._tag(kind, packed)).rstrip(b"=").decode()
        return f"{self.public_url}/{kind}/{token}"

    def _read(self, kind: str, shape: str, token: str) -> tuple[int, ...] | None:
        try:
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return None
        packed, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
        if len(packed) != struct.calcsize(shape) or not hmac.compare_digest(tag, self._tag(kind, packed)):
            return None
        if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
            return None  # the same bytes written otherwise: of each link there is one
        return struct.unpack(shape, packed)

    def _tag(self, kind: str, packed: bytes) -> bytes:
        return self.vault.sign(packed, of=f"link.{kind}")[:_TAG_BYTES]


def _minutes(at: datetime) -> int:
    return int((at - _EPOCH) / timedelta(minutes=1))


def _instant(minutes: int) -> datetime:
    try:
        return _EPOCH + timedelta(minutes=minutes)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
