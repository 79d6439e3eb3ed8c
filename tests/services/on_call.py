"""People on call for these tests: who they are, what reaches them, and what they were told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy

from scheduler.domain.alert import AlertKind
from scheduler.domain.clinic import OnCall
from scheduler.domain.reasons import because
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import raise_alert
from scheduler.services.ringing import Bell, raise_and_ring
from scheduler.store.alert_events import AlertEvent, stories_of_alerts
from scheduler.store.alerts import Alert, get_alert
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import House, configuration

ALICE = OnCall("Alice", sms="+14165550111", email="alice@north.example")
BOB = OnCall("Bob", sms="+14165550112")
CAROL = OnCall("Carol", email="carol@north.example")
WHY = (because("nobody_sends", count="3", before_at="2026-03-10T15:00:00+00:00"),)
LINK = re.compile(r"http://127\.0\.0\.1:8000/a/([\w-]+)")


def with_on_call(*people: OnCall, clinic: str = "north", **instance: object) -> Configuration:
    """Return the tests' configuration with these people on call at a clinic."""
    known = configuration()
    changed = replace(known.clinics[clinic], on_call=people)
    return replace(
        known,
        clinics={**known.clinics, clinic: changed},
        instance=replace(known.instance, **instance),  # type: ignore[arg-type]  # by their names
    )


def raise_(
    house: House, kind: AlertKind = AlertKind.URGENT, *, clinic: str | None = "north", subject: str = "reply 1"
) -> Alert:
    """Raise an alert as what notices a fault does; it rings with the engine's next turn."""
    with house.store.write() as tx:
        alert = raise_alert(tx, kind, subject, reasons=WHY, clinic=clinic, now=house.clock.now())
    assert alert
    return alert


def alarm(house: House, kind: AlertKind = AlertKind.URGENT, *, subject: str = "reply 1") -> Alert:
    """Raise an alert as a reply does: it rings at once."""
    with house.store.write() as tx:
        alert = raise_and_ring(
            tx, house.configuration, kind, subject, reasons=WHY, clinic="north", now=house.clock.now()
        )
    assert alert
    return alert


def ring(house: House) -> int:
    """Ring for what is due, without sending; return how many alerts rang."""
    with house.store.write() as tx:
        return Bell(house.configuration).ring_due(tx, now=house.clock.now())


def now(house: House, alert: Alert) -> Alert:
    """Return an alert as it is now."""
    with house.store.read() as tx:
        return get_alert(tx, alert.id)


def history(house: House, alert: Alert) -> tuple[AlertEvent, ...]:
    with house.store.read() as tx:
        return stories_of_alerts(tx, [alert.id]).get(alert.id, ())


def rung(house: House, alert: Alert) -> list[tuple[datetime, str]]:
    """Return when who was told, from the alert's history."""
    return [
        (it.at, f"{told['by']}: {told['what']}")
        for it in history(house, alert)
        for told in (dict(reason.params) for reason in it.reasons)
        if it.cause == "rung"
    ]


@dataclass(frozen=True)
class Phones:
    """What the people on call got, by address, in order."""

    twilio: TwilioServer
    smtp: SmtpServer

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(it.to, it.body) for it in self.twilio.taken]

    @property
    def mails(self) -> list[tuple[str, str]]:
        return [(it.recipients[0], _text(it.content)) for it in self.smtp.delivered]

    @property
    def rung(self) -> list[str]:
        """Whoever was told, in no order of channels."""
        return sorted(address for address, _ in (*self.texts, *self.mails))

    def links(self) -> Mapping[str, str]:
        """Return the token in the last message to each address."""
        found = {address: LINK.search(text) for address, text in (*self.texts, *self.mails)}
        return {address: link[1] for address, link in found.items() if link}

    def forget(self) -> None:
        self.twilio.taken.clear()
        self.smtp.delivered.clear()


def _text(mime: bytes) -> str:
    plain = message_from_bytes(mime, policy=policy.default).get_body(("plain",))
    assert plain is not None
    return str(plain.get_content())
