"""Who calls the API, and whether not too often: looked up once a request, however many ask."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from scheduler.domain.access import Caller
from scheduler.web.access import Gate, UnauthenticatedError, identify_by_key
from scheduler.web.api.allowance import Allowance, Spent
from scheduler.web.api.problems import ApiError, Problem

PER_KEY = 600
PER_ADDRESS = 60
"""Requests a minute: of a key, and of an address from which requests without a valid one come."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """What is counted by key, and what by client address where no key works."""

    keys: Allowance = field(default_factory=lambda: Allowance("key", PER_KEY))
    strangers: Allowance = field(default_factory=lambda: Allowance("address", PER_ADDRESS))


def identify_within(gate: Gate, allowances: Allowances) -> Callable[[Request], Coroutine[Any, Any, Caller]]:
    """Return what finds the caller of a request, and counts it.

    It raises UnauthenticatedError, or ApiError for who asks too often. Whoever has a key is never refused because of
    others at the same address.
    """
    find = identify_by_key(gate)

    async def identify(request: Request) -> Caller:
        known: Caller | None = getattr(request.state, "known", None)
        if known:
            return known
        try:
            caller = await find(request)
        except UnauthenticatedError:
            _count(request, allowances.strangers.spend(request.client.host if request.client else ""))
            raise
        _count(request, allowances.keys.spend(caller.label))
        request.state.known = caller
        return caller

    return identify


def _count(request: Request, spent: Spent) -> None:
    request.state.spent = spent
    if not spent.allowed:
        raise ApiError(Problem.TOO_MANY, f"wait {spent.again_in} s, then ask again")
