"""What became of the messages: by day and channel, with the reasons of failures and what the texts cost."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BeforeValidator, ConfigDict, Field

from scheduler.domain.access import Caller, Permission
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.services.deliveries import Report, clinics_of, report
from scheduler.services.desk import Desk
from scheduler.web.access import needs, note
from scheduler.web.api.fields import Input, Instant, Output, Slug, Tags, whole
from scheduler.web.api.samples import DELIVERIES

TAGS: Tags = ["messages"]


class DeliveriesQuery(Input):
    """Of which clinic, and how many days up to today."""

    clinic: Slug | None = None
    days: Annotated[int, BeforeValidator(whole), Field(ge=1, le=92)] = 7


class DayShown(Output):
    """What was due on a day by one channel, by where it stands now; `late` of it went out late."""

    day: date
    channel: Channel
    sent: int
    delivered: int
    failed: int
    expired: int
    waiting: int
    late: int


class ReasonShown(Output):
    """So many messages that failed, expired or wait for one reason."""

    status: Status
    reason: str
    detail: str
    messages: int


class CostShown(Output):
    """What the texts of a clinic took and cost; `amount` null where its file has no price."""

    clinic: str
    segments: int
    amount: str | None
    currency: str


class LatenessShown(Output):
    """How late messages went out, in seconds: half of them within `median`, 99 of 100 within `worst`.

    Null: even later than a week.
    """

    channel: Channel
    messages: int
    median: int | None
    worst: int | None


class DeliveriesShown(Output):
    """What became of the messages of some days, in each clinic's own days; the last day goes on.

    Days that are over were counted at `as_of`, null where they never were; `missing` of them are not counted yet.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [DELIVERIES]})

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    days: list[DayShown]
    reasons: list[ReasonShown]
    lateness: list[LatenessShown]
    costs: list[CostShown]
    as_of: Instant | None
    missing: int


def add_deliveries(api: APIRouter, desk: Desk) -> None:
    """Add the route."""

    @api.get("/deliveries", tags=TAGS)
    def show(
        request: Request,
        query: Annotated[DeliveriesQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "deliveries.seen"))],
    ) -> DeliveriesShown:
        """Say what became of the messages of the last days, by day and channel."""
        note(request, clinic=query.clinic)
        clinics = clinics_of(desk.configuration, caller.scope(Permission.READ, query.clinic).clinics)
        late_after = desk.configuration.instance.late_after
        with desk.store.read() as tx:
            return _shown(report(tx, clinics, days=query.days, now=desk.clock.now(), late_after=late_after))


def _shown(told: Report) -> DeliveriesShown:
    names = ("day", "sent", "delivered", "failed", "expired", "waiting", "late")
    days = [
        DayShown.model_validate({"channel": channel, **{name: getattr(it, name) for name in names}})
        for channel, counted in told.days.items()
        for it in counted
    ]
    reasons = [
        ReasonShown(status=it.status, reason=it.reason, detail=it.detail, messages=it.messages) for it in told.reasons
    ]
    costs = [
        CostShown(
            clinic=it.clinic,
            segments=it.segments,
            amount=None if it.amount is None else str(it.amount),
            currency=it.currency,
        )
        for it in told.costs
    ]
    lateness = [
        LatenessShown(channel=channel, messages=it.messages, median=_seconds(it.median), worst=_seconds(it.worst))
        for channel, it in told.lateness.items()
    ]
    said = {"from": told.first, "to": told.last, "as_of": told.as_of, "missing": told.missing}
    lists = {"days": days, "reasons": reasons, "lateness": lateness, "costs": costs}
    return DeliveriesShown.model_validate({**said, **lists})


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())
