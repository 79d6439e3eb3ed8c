"""From where the clinics send, what their providers say of that, and who is on call."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.circuit import Circuit
from scheduler.domain.clinic import OnCall
from scheduler.domain.protocol import Channel
from scheduler.services.desk import Desk
from scheduler.services.senders import ClinicSenders, Sender, senders_of
from scheduler.web.access import needs
from scheduler.web.api.fields import Instant, Output, Tags
from scheduler.web.api.samples_files import SENDERS

TAGS: Tags = ["installation"]


class TroubleShown(Output):
    """Why nothing goes out from a sender, and when it is tried again."""

    code: str
    error: str
    since: Instant
    next_try_at: Instant

    @classmethod
    def of(cls, circuit: Circuit) -> Self:
        """Show an open circuit."""
        at = {"since": circuit.opened_at, "next_try_at": circuit.probe_at}
        return cls.model_validate({"code": circuit.code, "error": circuit.error, **at})


class SenderShown(Output):
    """What one channel sends from; `trouble` is null where all is well."""

    channel: Channel
    sender: str
    name: str
    trouble: TroubleShown | None

    @classmethod
    def of(cls, it: Sender) -> Self:
        """Show a sender."""
        trouble = TroubleShown.of(it.circuit) if it.circuit else None
        return cls(channel=it.channel, sender=it.key, name=it.name, trouble=trouble)


class OnCallShown(Output):
    """Somebody who is told of alerts, in this order; null where that way is not used.

    `webhook`: whether another system is called, too. Its address may be a secret, and is in the clinic's file only.
    """

    name: str
    sms: str | None
    email: str | None
    webhook: bool

    @classmethod
    def of(cls, it: OnCall) -> Self:
        """Show somebody."""
        return cls(name=it.name, sms=it.sms, email=it.email, webhook=it.webhook is not None)


class ClinicSendersShown(Output):
    """What one clinic sends from, and who is on call there."""

    clinic: str
    senders: list[SenderShown]
    on_call: list[OnCallShown]

    @classmethod
    def of(cls, it: ClinicSenders) -> Self:
        """Show a clinic."""
        on_call = [OnCallShown.of(one) for one in it.clinic.on_call]
        return cls(clinic=it.clinic.id, senders=[SenderShown.of(one) for one in it.senders], on_call=on_call)


class SendersShown(Output):
    """The clinics that the key manages."""

    model_config = ConfigDict(json_schema_extra={"examples": [SENDERS]})

    items: list[ClinicSendersShown]


def add_senders(api: APIRouter, desk: Desk) -> None:
    """Add the route."""

    @api.get("/senders", tags=TAGS)
    def senders(caller: Annotated[Caller, Depends(needs(Permission.MANAGE, "senders.seen"))]) -> SendersShown:
        """List what the clinics send from, and whether their providers take it."""
        scope = caller.scope(Permission.MANAGE)
        clinics = [it for it in desk.configuration.clinics.values() if scope.holds(it.id)]
        return SendersShown(items=[ClinicSendersShown.of(it) for it in senders_of(desk, clinics)])
