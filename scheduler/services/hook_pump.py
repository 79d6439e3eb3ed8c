"""Tells other systems what happened: makes calls of new lines of history, makes them, tries again what failed.

Each event is called at least once, until a receiver takes it or it was tried for three days; in no order, as Standard
Webhooks has it. Two processes never make the same call at once.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from scheduler.channels.webhook.caller import Answer, HookCaller, stays_here
from scheduler.clock import Clock
from scheduler.domain.access import EVERY_CLINIC
from scheduler.domain.hook_events import is_wanted, kind_of
from scheduler.logs import get_logger
from scheduler.services.hooks import webhook_id
from scheduler.store.database import Store, Tx
from scheduler.store.hook_calls import Ended, HookCall, add_calls, due_endpoints, end_calls, take_calls
from scheduler.store.hook_endpoints import (
    HookEndpoint,
    any_behind,
    disable_endpoint,
    get_endpoint,
    list_endpoints,
    move_through,
)
from scheduler.store.hook_events import Happened, Horizon, happened, happened_after

log = get_logger(__name__)

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""Between one try and the next: the schedule that Standard Webhooks recommends, three days altogether."""
_LEASE = timedelta(seconds=60)
_AT_ONCE = 20
"""Calls to one endpoint in flight; each ends well within the lease."""
_MOMENT = 1.0
"""Seconds between two looks at what happened, while calls are made."""
_LINES = 1000
_PAGES = 10
_SETTLED = timedelta(seconds=60)
"""So old a line is besides on PostgreSQL: who takes an id there is no transaction yet for a moment."""
_SPREAD = 0.2


@dataclass(frozen=True, slots=True)
class HookPump:
    """Works for one process. In a rehearsal only receivers on this machine are called."""

    store: Store
    clock: Clock
    live: bool
    rng: Random
    _horizon: Horizon = field(default_factory=Horizon)
    _busy: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    async def pump(self, caller: HookCaller) -> bool:
        """Make calls that are due, for a moment; return whether there may be more at once. Raises StoreError.

        Each endpoint has its own calls in flight, so that a slow one delays no other. Who stops before False came
        back calls `let_go`.
        """
        more = await asyncio.to_thread(self._collect)
        clock = asyncio.get_running_loop().time
        until = clock() + _MOMENT
        while (busy := await self._turn(caller)) and clock() < until:
            pass
        return more or busy

    async def let_go(self) -> None:
        """Break off what is in flight: it is made again when its lease is over."""
        tasks = list(self._busy.values())
        self._busy.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _turn(self, caller: HookCaller) -> bool:
        """Give each idle endpoint its calls, and wait until one has made them; False where there are none."""
        for endpoint, dues in (await asyncio.to_thread(self._take)).items():
            self._busy[endpoint] = asyncio.create_task(self._make(caller, dues))
        if not self._busy:
            return False
        done, _ = await asyncio.wait(self._busy.values(), timeout=_MOMENT, return_when=asyncio.FIRST_COMPLETED)
        for endpoint in [it for it, task in self._busy.items() if task in done]:
            self._busy.pop(endpoint).result()
        return True

    async def _make(self, caller: HookCaller, dues: "Sequence[_Due]") -> None:
        ends = await asyncio.gather(*(self._call(caller, it) for it in dues))
        await asyncio.to_thread(self._end, ends)

    def _collect(self) -> bool:
        """Make calls of what happened since the last time."""
        with self.store.read() as tx:
            if not any_behind(tx):
                return False
            final = self._horizon.look(tx)
        with self.store.write() as tx:
            now = self.clock.now()
            more = [self._collect_for(tx, endpoint, final, now) for endpoint in list_endpoints(tx, enabled=True)]
        return any(more)

    def _collect_for(self, tx: Tx, endpoint: HookEndpoint, final: int, now: datetime) -> bool:
        """Make an endpoint's calls; return whether there may be more at once. Lines that are not final come again."""
        after, moved = endpoint.through, False
        for _page in range(_PAGES):
            lines = happened_after(tx, after, limit=_LINES)
            add_calls(tx, endpoint.id, _wanted(endpoint, lines), now=now)
            settled = [it.id for it in lines if it.id <= final and (tx.dialect == "sqlite" or _is_old(it, now))]
            if settled:
                move_through(tx, endpoint.id, max(settled))
                moved = True
            if len(lines) < _LINES:
                return False
            after = lines[-1].id
        return moved

    def _take(self) -> "dict[int, list[_Due]]":
        """Take the next calls of each endpoint that has none in flight."""
        with self.store.read() as tx:
            idle = due_endpoints(tx, now=self.clock.now(), but=self._busy)
        if not idle:
            return {}
        with self.store.write() as tx:
            now = self.clock.now()
            until = now + _LEASE
            calls = {it: take_calls(tx, it, now=now, until=until, limit=_AT_ONCE) for it in idle}
            told = happened(tx, {call.event_id for taken in calls.values() for call in taken})
            endpoints = {it: get_endpoint(tx, it) for it in idle}
        return {
            it: [_Due(call, endpoints[it], told.get(call.event_id)) for call in taken]
            for it, taken in calls.items()
            if taken
        }

    async def _call(self, caller: HookCaller, due: "_Due") -> Ended:
        now = self.clock.now()
        if not self.live and not stays_here(due.endpoint.url):
            return Ended(due.call.id, delivered=False, answered=None, error="rehearsal", again_at=None)
        secrets = due.endpoint.secrets(now)
        answer = await caller.call(due.endpoint.url, secrets, due.id, due.payload, now=now)
        if answer.is_gone:
            await asyncio.to_thread(self._switch_off, due.endpoint)
        return self._ended(due, answer)

    def _switch_off(self, endpoint: HookEndpoint) -> None:
        with self.store.write() as tx:
            disable_endpoint(tx, endpoint.id, now=self.clock.now(), by="receiver:410")

    def _ended(self, due: "_Due", answer: Answer) -> Ended:
        again = None if answer.is_taken or answer.is_gone else self._again(due.call, answer)
        if not answer.is_taken:
            log.warning(
                "hook.failed", endpoint=due.endpoint.id, call=due.call.id, status=answer.status, error=answer.error
            )
        return Ended(due.call.id, answer.is_taken, answer.status, answer.error, again)

    def _again(self, call: HookCall, answer: Answer) -> datetime | None:
        if call.tries > len(WAITS):
            return None
        wait = WAITS[call.tries - 1].total_seconds() * self.rng.uniform(1, 1 + _SPREAD)
        return self.clock.now() + timedelta(seconds=max(wait, answer.wait or 0))

    def _end(self, ends: Sequence[Ended]) -> None:
        with self.store.write() as tx:
            end_calls(tx, ends, now=self.clock.now())


@dataclass(frozen=True, slots=True)
class _Due:
    call: HookCall
    endpoint: HookEndpoint
    event: Happened | None

    @property
    def id(self) -> str:
        """What the call names itself."""
        return webhook_id(self.call)

    @property
    def payload(self) -> bytes:
        """What is said: ids, instants and words of ours. Whoever wants more asks the REST API for it."""
        at = self.event.at if self.event else self.call.created_at
        data = {"clinic": self.event.clinic, **self.event.facts} if self.event else {"endpoint": self.endpoint.id}
        body = {"type": self.call.kind, "timestamp": at, "data": data}
        return json.dumps(_plain(body), separators=(",", ":")).encode()


def _is_old(line: Happened, now: datetime) -> bool:
    return line.at <= now - _SETTLED


def _wanted(endpoint: HookEndpoint, lines: Sequence[Happened]) -> list[tuple[int, str]]:
    return [(line.id, kind) for line in lines if (kind := _kind_for(endpoint, line))]


def _kind_for(endpoint: HookEndpoint, line: Happened) -> str | None:
    """Return the event that a line is, where the endpoint asked for it and its clinic is the endpoint's."""
    if endpoint.clinic not in (EVERY_CLINIC, line.clinic):
        return None
    kind = kind_of(line.subject, line.cause, line.to_status)
    return kind if kind and is_wanted(kind, endpoint.kinds) else None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(it) for key, it in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value
