"""Who may call what: every route x everybody x the own clinic, another one, none; and who is not known.

What is expected is worked out here from what each route declares, and from nothing of the product but the table of
roles. First all that is to be refused is asked for, and nothing may change; then all that is allowed.
"""

from collections.abc import Collection, Iterator, Mapping

import httpx
import pytest

from scheduler.domain.access import EVERY_CLINIC, PERMISSIONS_OF, Permission, Role
from scheduler.store.users import set_grant
from tests.services.house import House
from tests.web.desk import Visitor, as_session, make_session, make_user, stranger, with_key
from tests.web.matrix import NORTH, SOUTH, Declared, Office, routes

LOGIN = "/desk/login"
PLACES = (NORTH, SOUTH, None)
DONE = frozenset({200, 201, 202, 303})
WRONG = frozenset({409, 412, 422})
"""What may be answered, too, to who may change something: it is impossible just now, or was said wrongly."""

PERSONAL = ("/desk/appointments/undo/", "/api/v1/undos/")
"""Of nobody but who did it, whatever else somebody may."""
OF_ALL = (
    "/desk/setup/examine",
    "/desk/schedules/pending-edit/give-up",
    "/api/v1/health",
    "/api/v1/applies/give-up",
)
"""What concerns every clinic is for who has the permission at every clinic."""
NOT_HERE = ("/desk/schedules/pending-edit/go-on", "/desk/schedules/pending-edit/apply", "/api/v1/applies/{apply}")
"""What there is none of in this office."""
HIDDEN = ("users", "keys")
"""Who does not decide over them does not see them."""
FORMS = frozenset(
    {
        "POST /desk/appointments",
        "POST /desk/appointments/new",
        "POST /desk/setup/keys",
        "POST /desk/setup/users/new",
    }
)
"""They say in the form what is wrong with the clinic that was chosen."""
LAST = ("/disable", "/erase", "/revoke", "/forget", "/off", "/close", "/drop", "/handled", "/link")
OWNED = {
    "appointments",
    "patients",
    "messages",
    "replies",
    "alerts",
    "users",
    "keys",
    "hooks",
    "bookings",
    "booking-systems",
    "calendars",
    "outbox",
    "import",
} | {
    "imports",
    "webhooks",
    "pauses",
    "{kind}",
    "r4",
}

May = Mapping[str, frozenset[Permission]]


PEOPLE: Mapping[str, Mapping[str, Role]] = {
    **{role.value: {NORTH: role} for role in Role},
    "nobody": {},
    "viewer here, admin there": {NORTH: Role.VIEWER, SOUTH: Role.ADMIN},
    "operator here, viewer there": {NORTH: Role.OPERATOR, SOUTH: Role.VIEWER},
    "viewer everywhere, staff here": {EVERY_CLINIC: Role.VIEWER, NORTH: Role.STAFF},
    "admin of all": {EVERY_CLINIC: Role.ADMIN},
}
KEYS: Mapping[str, tuple[str, frozenset[Permission]]] = {
    **{permission.value: (NORTH, frozenset({Permission.READ, permission})) for permission in Permission},
    "all of it": (NORTH, frozenset(Permission)),
    "all of it everywhere": (EVERY_CLINIC, frozenset(Permission)),
}


@pytest.fixture
def office(house: House) -> Iterator[Office]:
    opened = Office.open(house)
    yield opened
    opened.close()


@pytest.fixture
def office_on_postgresql(postgres_house: House) -> Iterator[Office]:
    opened = Office.open(postgres_house)
    yield opened
    opened.close()


def test_every_route_declares_once_who_may_call_it(office: Office) -> None:
    found = routes(office.app)
    assert len(found) > 100
    assert [str(route) for route in found if len(route.declared) != 1] == []


def test_what_is_open_to_all_is_the_login_and_what_it_looks_like(office: Office) -> None:
    opened = {route.path for route in routes(office.app) if route.needs is None}
    documents = {"/api/v1/openapi.json", "/fhir/r4/{clinic}/metadata"}
    assert all(it.startswith((LOGIN, "/desk/static/")) or it in documents for it in opened), opened


def test_who_is_not_known_gets_nothing_and_changes_nothing(office: Office) -> None:
    unknown = {is_api: _unknown(office, is_api=is_api) for is_api in (False, True)}
    before = office.content()
    wrong = [
        f"{route}: {answer.status_code}"
        for route in routes(office.app)
        if route.needs
        for visitor in unknown[route.is_api]
        if not _sends_away(route, answer := office.ask(route, visitor, NORTH))
    ]
    assert not wrong, "\n".join(wrong)
    assert office.content() == before


@pytest.mark.parametrize("who", PEOPLE)
def test_a_person_does_what_the_roles_say_at_each_clinic_and_nothing_else(office: Office, who: str) -> None:
    _all_as_declared(office, *_person(office, PEOPLE[who]), is_api=False)


@pytest.mark.parametrize("what", KEYS)
def test_a_key_does_what_it_says_at_its_clinic_and_nothing_else(office: Office, what: str) -> None:
    _all_as_declared(office, *_program(office, *KEYS[what]), is_api=True)


@pytest.mark.postgres
@pytest.mark.parametrize("who", PEOPLE)
def test_so_it_is_on_postgresql(office_on_postgresql: Office, who: str) -> None:
    _all_as_declared(office_on_postgresql, *_person(office_on_postgresql, PEOPLE[who]), is_api=False)


@pytest.mark.postgres
@pytest.mark.parametrize("what", KEYS)
def test_so_it_is_for_keys_on_postgresql(office_on_postgresql: Office, what: str) -> None:
    _all_as_declared(office_on_postgresql, *_program(office_on_postgresql, *KEYS[what]), is_api=True)


def _person(office: Office, grants: Mapping[str, Role]) -> tuple[Visitor, May]:
    user = make_user(office.house.store, "anna", None)
    with office.house.store.write() as tx:
        for place, role in grants.items():
            set_grant(tx, user, place, role)
    allowed = {place: PERMISSIONS_OF[role] for place, role in grants.items()}
    return as_session(office.app, make_session(office.house.store, user)), allowed


def _program(office: Office, place: str, permissions: frozenset[Permission]) -> tuple[Visitor, May]:
    return with_key(office.app, office.house.store, permissions, place), {place: permissions}


def _all_as_declared(office: Office, visitor: Visitor, allowed: May, *, is_api: bool) -> None:
    found = [it for it in routes(office.app) if it.is_api == is_api and it.needs and it.needs.permission]
    asked = [(it, place, _expected(it, allowed, place)) for it in found for place in PLACES if _has(it, place)]
    before = office.content()
    wrong = [*_wrong(office, visitor, [it for it in asked if not it[2] & DONE])]
    assert not wrong, "\n".join(wrong)
    assert office.content() == before, "something changed that was refused"
    rest = sorted((it for it in asked if it[2] & DONE), key=lambda it: _turn(it[0]))
    wrong = [*_wrong(office, visitor, rest)]
    assert not wrong, "\n".join(wrong)


def _turn(route: Declared) -> tuple[bool, bool, bool]:
    """Return when a route is called: what ends things after all that needs them."""
    ends_roles = route.path.endswith(("/grants/{clinic}", "/grant"))
    return route.method != "GET", ends_roles, route.path.endswith(LAST)


def _wrong(
    office: Office, visitor: Visitor, asked: Collection[tuple[Declared, str | None, frozenset[int]]]
) -> Iterator[str]:
    for route, place, expected in asked:
        status = office.ask(route, visitor, place).status_code
        if status not in expected:
            yield f"{route} at {place}: {status}, not {sorted(expected)}"


def _expected(route: Declared, allowed: May, place: str | None) -> frozenset[int]:
    """Return what may be answered to somebody who may that, about what is at that place."""
    assert route.needs
    assert route.needs.permission
    needed, fine = route.needs.permission, DONE if route.method == "GET" else DONE | WRONG
    if not any(needed in it for it in allowed.values()):
        return frozenset({403})
    if special := _special(route, needed, allowed):
        return special
    if not _is_of_a_clinic(route) or _may(allowed, needed, place):
        return fine
    if str(route) in FORMS:
        return frozenset({422})
    is_hidden = any(it in HIDDEN for it in route.path.split("/")) and "{" in route.path
    return frozenset({403 if _may(allowed, Permission.READ, place) and not is_hidden else 404})


def _special(route: Declared, needed: Permission, allowed: May) -> frozenset[int] | None:
    """Return what is answered whatever the place is, None where that makes the difference."""
    if route.path.startswith(PERSONAL):
        return frozenset({404})
    if route.path.startswith(OF_ALL):
        return DONE | WRONG if needed in allowed.get(EVERY_CLINIC, ()) else frozenset({403})
    # 303: the page is led to, which says that there is no such plan.
    return frozenset({303, 404, 409, 422}) if route.path.startswith(NOT_HERE) else None


def _may(allowed: May, needed: Permission, place: str | None) -> bool:
    if place is None:
        return any(needed in it for it in allowed.values())
    return any(needed in allowed.get(it, ()) for it in (place, EVERY_CLINIC))


def _is_of_a_clinic(route: Declared) -> bool:
    """Whether it is about something that one clinic has, or is narrowed to one."""
    parts = route.path.split("/")
    numbered = any(part.startswith("{") and parts[at - 1] in OWNED for at, part in enumerate(parts))
    return numbered or "clinic" in route.queries or route.names_a_clinic


def _has(route: Declared, place: str | None) -> bool:
    """Whether there is such a thing at the place: of no clinic are replies and alerts only."""
    nouns = route.path.split("/")
    return place is not None or "{kind}" in nouns or any(it in nouns for it in ("{reply}", "{alert}"))


def _unknown(office: Office, *, is_api: bool) -> list[Visitor]:
    """Return who is not known: without anything, with what is none, and with what opens the other part."""
    if not is_api:
        key = with_key(office.app, office.house.store, frozenset(Permission))
        return [stranger(office.app), as_session(office.app, "none"), Visitor(office.app, headers=_here(key))]
    session = as_session(office.app, make_session(office.house.store, make_user(office.house.store)))
    return [Visitor(office.app, headers={}), Visitor(office.app, headers={"Authorization": "Bearer ac_x_y"}), session]


def _here(key: Visitor) -> Mapping[str, str]:
    return {**key.headers, "Sec-Fetch-Site": "same-origin"}


def _sends_away(route: Declared, answer: httpx.Response) -> bool:
    if route.is_api:
        return answer.status_code in (401, 429) and (
            "WWW-Authenticate" in answer.headers or answer.status_code == 429
        )
    led_on = answer.status_code == 303 and answer.headers["location"].startswith(LOGIN)
    return led_on or answer.status_code == 401
