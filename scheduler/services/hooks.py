"""Who is told of what happens: endpoints added, changed, switched off; calls looked at, made again."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import urlsplit

from scheduler.channels.loopback import is_loopback
from scheduler.domain.access import EVERY_CLINIC, Caller, Permission, Scope
from scheduler.domain.hook_events import PING, is_known
from scheduler.errors import ConflictError, NotFoundError, RegistrationError
from scheduler.store import hook_calls, hook_endpoints
from scheduler.store.database import Tx
from scheduler.store.hook_calls import HookCall
from scheduler.store.hook_endpoints import HookEndpoint

BOTH_FOR = timedelta(hours=24)
"""How long the old secret signs beside a new one."""
MOST = 20
"""Endpoints of an installation that are switched on."""
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """What an endpoint is to be. `clinic` may be `*`: also what belongs to no clinic, and those that come later."""

    clinic: str
    url: str
    title: str
    kinds: frozenset[str] = frozenset({"*"})


def add_endpoint(tx: Tx, wanted: NewEndpoint, *, clinics: frozenset[str], now: datetime, by: str) -> HookEndpoint:
    """Add an endpoint for what happens from now on, with a secret of its own. The caller commits.

    `clinics` are those of the configuration. Raises RegistrationError for what can't be.
    """
    if wanted.clinic != EVERY_CLINIC and wanted.clinic not in clinics:
        said = f"there is no clinic {wanted.clinic!r}: one of {', '.join(sorted(clinics))}, or *"
        raise RegistrationError(said, code="no_clinic")
    _refuse_kinds(wanted.kinds)
    _refuse_url(wanted.url)
    title = _title(wanted.title)
    if len(hook_endpoints.list_endpoints(tx, enabled=True)) >= MOST:
        said = f"there are {MOST} endpoints already: switch one off first"
        raise ConflictError(said, code="endpoints_enough", most=MOST)
    made = hook_endpoints.add_endpoint(
        tx,
        clinic=wanted.clinic,
        url=wanted.url,
        secret=new_secret(),
        kinds=wanted.kinds,
        title=title,
        now=now,
        by=by,
    )
    return hook_endpoints.get_endpoint(tx, made)


def change_endpoint(
    tx: Tx, endpoint_id: int, *, title: str | None = None, url: str | None = None, kinds: frozenset[str] | None = None
) -> HookEndpoint:
    """Change what is given, and return it as it is then. The caller commits. Raises as `add_endpoint` does."""
    if kinds is not None:
        _refuse_kinds(kinds)
    if url is not None:
        _refuse_url(url)
    named = _title(title) if title is not None else None
    hook_endpoints.change_endpoint(tx, endpoint_id, title=named, url=url, kinds=kinds)
    return hook_endpoints.get_endpoint(tx, endpoint_id)


def visible_endpoint(tx: Tx, caller: Caller, endpoint_id: int) -> HookEndpoint:
    """Return an endpoint that the caller manages. Raises NotFoundError, ForbiddenError.

    One for every clinic belongs to whoever manages every clinic: it tells of all of them. A writing transaction holds
    it until the commit, so that it is changed as it was seen.
    """
    found = hook_endpoints.get_endpoint(tx, endpoint_id, hold=tx.writing)
    if found.clinic == EVERY_CLINIC:
        if not manages_all(caller):
            raise NotFoundError(f"there is no webhook endpoint {endpoint_id}")
    else:
        caller.demand(Permission.MANAGE, found.clinic)
    return found


def manages_all(caller: Caller) -> bool:
    """Whether somebody decides for every clinic."""
    return Permission.MANAGE in caller.allowed.get(EVERY_CLINIC, ())


def list_endpoints(tx: Tx, scope: Scope) -> tuple[HookEndpoint, ...]:
    """Return the endpoints of these clinics, oldest first."""
    return hook_endpoints.list_endpoints(tx, scope)


def switch(tx: Tx, endpoint: HookEndpoint, *, on: bool, now: datetime, by: str) -> None:
    """Switch an endpoint off, or on again: then it is told of what happened meanwhile too. The caller commits."""
    if on:
        hook_endpoints.enable_endpoint(tx, endpoint.id)
    elif endpoint.disabled_at is None:
        hook_endpoints.disable_endpoint(tx, endpoint.id, now=now, by=by)


def change_secret(tx: Tx, endpoint: HookEndpoint, *, now: datetime) -> str:
    """Give an endpoint another secret and return it; the old one signs too for a day. The caller commits."""
    secret = new_secret()
    hook_endpoints.change_secret(tx, endpoint, secret, old_until=now + BOTH_FOR)
    return secret


def ping(tx: Tx, endpoint: HookEndpoint, *, now: datetime) -> int:
    """Have an endpoint called about nothing, and return the call's id. The caller commits, and wakes the engine."""
    _refuse_off(endpoint)
    return hook_calls.add_ping(tx, endpoint.id, PING, now=now)


def call_again(tx: Tx, endpoint: HookEndpoint, call_id: int, *, now: datetime) -> int:
    """Have a call made again, whatever became of it, under the same webhook-id; return the new call's id.

    The caller commits, and wakes the engine. Raises NotFoundError; ConflictError for one that still waits.
    """
    _refuse_off(endpoint)
    call = hook_calls.get_call(tx, call_id)
    if call is None or call.endpoint_id != endpoint.id:
        raise NotFoundError(f"endpoint {endpoint.id} has no call {call_id}")
    if call.finished_at is None:
        raise ConflictError(f"call {call_id} is still being tried: it needs no other one", code="call_tried")
    return hook_calls.add_again(tx, call, now=now)


AGAIN_SINCE = timedelta(hours=24)
"""What is called again when all of it is that was given up."""


def call_failed_again(tx: Tx, endpoint: HookEndpoint, *, since: datetime, now: datetime) -> list[int]:
    """Have all made again that were given up since then (aware); return the new calls. The caller commits."""
    _refuse_off(endpoint)
    failed = hook_calls.given_up_since(tx, endpoint.id, since)
    return [hook_calls.add_again(tx, call, now=now) for call in failed]


def calls_of(tx: Tx, endpoint: HookEndpoint, *, before: int | None = None, limit: int = 50) -> tuple[HookCall, ...]:
    """Return an endpoint's calls, newest first; `before`: those older than that one."""
    return hook_calls.calls_of(tx, endpoint.id, before=before, limit=limit)


def refuse_unknown(what: str) -> NoReturn:
    """Raise NotFoundError for what can't be done with an endpoint."""
    raise NotFoundError(f"an endpoint has no {what[:20]!r}: ping, again, secret, on or off")


def webhook_id(call: HookCall) -> str:
    """Return what a call names itself: the same however often it is made, so that a receiver drops what it has."""
    return f"evt_{call.event_id}" if call.event_id else f"evt_ping_{call.id}"


def host_of(endpoint: HookEndpoint) -> str:
    """Return the host of its address, the rest of which may be a key."""
    return urlsplit(endpoint.url).hostname or ""


def state_of(call: HookCall) -> str:
    """Return in a word where a call stands: waiting, delivered, or given up."""
    if call.finished_at is None:
        return "waiting"
    return "delivered" if call.delivered_at else "given up"


def new_secret() -> str:
    """Return a secret as Standard Webhooks wants one: whsec_ and 32 random bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _refuse_off(endpoint: HookEndpoint) -> None:
    if endpoint.disabled_at is not None:
        raise ConflictError(f"endpoint {endpoint.id} is switched off: switch it on first", code="endpoint_off")


def _refuse_kinds(kinds: frozenset[str]) -> None:
    unknown = sorted(kind for kind in kinds if not is_known(kind))
    if unknown or not kinds:
        named = f"there is no event {unknown[0]!r}" if unknown else "name at least one event"
        raise RegistrationError(f"{named}: see docs/reference/webhooks-out.md, or use *", code="endpoint_events")


def _title(title: str) -> str:
    plain = " ".join(title.split())
    if not plain or len(plain) > 100 or not plain.isprintable():  # noqa: PLR2004  (the column's length)
        raise RegistrationError("the title is one line of 1 to 100 characters", code="endpoint_title")
    return plain


def _refuse_url(url: str) -> None:
    """Refuse what can't be called, or must not: plain text over a network, a login in the address, a cloud's inside.

    Addresses of a clinic's own network are allowed: that is where its systems are.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        said = "the address is none: it looks like https://clinic.example/hooks"
        raise RegistrationError(said, code="endpoint_address") from None
    host = parts.hostname or ""
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url or not host:
        said = "the address is none: it looks like https://clinic.example/hooks"
        raise RegistrationError(said, code="endpoint_address")
    if parts.username or parts.password:
        said = "the address has a login in it: put a key into its path or query instead"
        raise RegistrationError(said, code="endpoint_login")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        said = "the address begins with https://; plain http is for this machine only"
        raise RegistrationError(said, code="endpoint_https")
    if _is_link_local(host):
        said = "the address is one of a machine's own link, which no receiver has"
        raise RegistrationError(said, code="endpoint_link")


def _is_link_local(host: str) -> bool:
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False
