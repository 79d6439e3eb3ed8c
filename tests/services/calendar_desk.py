"""A clinic that reads the calendar of a server."""

import asyncio
from datetime import timedelta

from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.reasons import sentence
from scheduler.domain.sources import Calendar
from scheduler.services.feeds.missing import SURE_AFTER
from scheduler.services.feeds.pulling import Pulled, Puller
from scheduler.store.alerts import open_alerts
from tests.servers.calendar import CalendarServer
from tests.services.calendars import DESK, calendar, follow
from tests.services.house import House

LATER = SURE_AFTER + timedelta(minutes=1)


class Desk:
    """A clinic that reads the calendar of a server."""

    def __init__(self, house: House, server: CalendarServer, source: Calendar = DESK) -> None:
        self.house, self.server = house, server
        self.clinic = follow(house, source)
        self.source = source

    def publish(self, *parts: str) -> "Desk":
        self.server.content = calendar(*parts)
        return self

    def read(self, **how: bool) -> Pulled:
        puller = Puller(self.house.store, self.house.clock, {"NORTH_CALENDAR_URL": self.server.url}.get)
        return asyncio.run(puller.pull(self.house.configuration, self.clinic, self.source, **how))

    def came_of(self, **how: bool) -> dict[str, int]:
        """Read it; return the counts that are not zero."""
        return {str(it): count for it, count in self.read(**how).taken.totals.items() if count}

    def due(self) -> bool:
        puller = Puller(self.house.store, self.house.clock, {"NORTH_CALENDAR_URL": self.server.url}.get)
        return asyncio.run(puller.pull_due(self.house.configuration))

    def alerts(self) -> list[str]:
        with self.house.store.read() as tx:
            found = [it for it in open_alerts(tx) if it.kind is AlertKind.INTAKE]
        return [sentence(it.reasons, self.clinic.timezone) for it in found]

    def wait(self, span: timedelta = LATER) -> None:
        self.house.clock.move_to(self.house.clock.now() + span)

    def statuses(self, count: int) -> list[AppointmentStatus]:
        return [self.house.appointment(it).status for it in range(1, count + 1)]
