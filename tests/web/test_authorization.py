"""Who may call what: every route x every role x the own clinic, another one, nobody known."""

from collections.abc import Iterator

import httpx
import pytest

from scheduler.domain.access import PERMISSIONS_OF, Role
from tests.services.house import House
from tests.web.desk import signed_in
from tests.web.matrix import NORTH, SOUTH, Declared, Office, routes

LOGIN = "/desk/login"
FINE = frozenset({200, 201, 202, 204, 303, 400, 409, 410, 412, 413, 415, 422, 428})
"""What an answer may be to somebody who may: what is asked for may still be impossible, or said wrongly."""
PERSONAL = ("/desk/account", "/desk/logout", "/desk/live", "/desk/appointments/undo/")
"""About who asks, not about a clinic; an undo belongs to who did it, and is nobody else's."""
OF_ALL = ("/desk/setup/examine", "/desk/schedules/pending-edit/")
"""What concerns every clinic: somebody of one is refused, or finds nothing there."""
LAST = ("/grant", "/disable", "/erase", "/revoke", "/forget", "/logout", "/off", "/close", "/drop", "/handled")


@pytest.fixture
def office(house: House) -> Office:
    return Office.open(house)


def test_every_route_declares_once_who_may_call_it(office: Office) -> None:
    found = routes(office.app)
    assert len(found) > 100
    assert [str(route) for route in found if len(route.declared) != 1] == []


def test_what_is_open_to_all_is_the_login_and_what_it_looks_like(office: Office) -> None:
    opened = {route.path for route in routes(office.app) if route.needs is None}
    assert all(it.startswith((LOGIN, "/desk/static/")) or it == "/api/v1/openapi.json" for it in opened), opened


def test_who_is_not_known_gets_nothing(office: Office) -> None:
    wrong = [
        f"{route}: {answer.status_code}"
        for route in routes(office.app)
        if route.needs and not _sends_away(route, answer := office.ask(route, None, NORTH))
    ]
    assert wrong == []


@pytest.mark.parametrize("role", Role)
def test_a_role_does_what_it_may_at_its_own_clinic_and_nothing_at_another(office: Office, role: Role) -> None:
    wrong = list(_mismatches(office, role))
    assert not wrong, "\n".join(wrong)


def test_who_has_no_role_anywhere_reaches_only_the_own_account(office: Office) -> None:
    pages = [it for it in routes(office.app) if not it.is_api and it.needs and it.needs.permission]
    visitor = signed_in(office.app, office.house.store, None)
    answers = {str(route): office.ask(route, visitor, NORTH).status_code for route in pages}
    wrong = [f"{it}: {status}" for it, status in answers.items() if status != 403]
    assert not wrong, "\n".join(wrong)


def _mismatches(office: Office, role: Role) -> Iterator[str]:
    visitors = {is_api: office.visitor(role, NORTH, program=is_api) for is_api in (False, True)}
    for route in sorted(routes(office.app), key=lambda it: (it.method != "GET", it.path.endswith(LAST))):
        if route.needs is None or route.path.startswith(PERSONAL):
            continue
        visitor = visitors[route.is_api]
        may = route.needs.permission is None or route.needs.permission in PERMISSIONS_OF[role]
        if _is_of_a_clinic(route):
            status = office.ask(route, visitor, SOUTH).status_code
            if status != (404 if may else 403):
                yield f"{route} as {role}, of another clinic: {status}"
        status = office.ask(route, visitor, NORTH).status_code
        fine = FINE | {403, 404} if route.path.startswith(OF_ALL) else FINE
        if (status not in fine) if may else (status != 403):
            yield f"{route} as {role}, of the own clinic: {status}"


def _is_of_a_clinic(route: Declared) -> bool:
    """Whether it is about something that one clinic has, or can be narrowed to one."""
    owned = ("patients", "appointments", "messages", "replies", "alerts", "users", "keys", "hooks", "outbox")
    parts = route.path.split("/")
    numbered = any(part.startswith("{") and parts[at - 1] in owned for at, part in enumerate(parts))
    return (
        numbered
        or "{kind}" in route.path
        or "import/{" in route.path
        or (route.method == "GET" and "clinic" in route.queries)
    )


def _sends_away(route: Declared, answer: httpx.Response) -> bool:
    if route.is_api:
        return answer.status_code == 401 and "WWW-Authenticate" in answer.headers
    led_on = answer.status_code == 303 and answer.headers["location"].startswith(LOGIN)
    return led_on or answer.status_code == 401
