"""No list of the console makes more queries because there is more to show: all that the application has."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from scheduler.clock import FixedClock, SystemClock
from scheduler.domain.access import EVERY_CLINIC, Role
from tests.services.house import FIRST_HOURS, House, after
from tests.web.console.counting import statements
from tests.web.desk import Visitor, desk_app, signed_in

BESIDE = "/schedules"
"""What an edit would change is worked out on a thread, beside requests: nobody can tell the statements apart here."""
NO_LISTS = (BESIDE, "/live", "/static/", "/login", "/second-factor", ".csv")


def lists(app: FastAPI) -> list[str]:
    """Return the addresses of the console that need no id."""
    (desk,) = [it.app for it in app.routes if isinstance(it, Mount) and it.path == "/desk"]
    assert isinstance(desk, FastAPI)
    found = {it.path or "" for it in iter_route_contexts(desk.routes) if "GET" in (it.methods or ())}
    return sorted(path for path in found if "{" not in path and not any(it in path for it in NO_LISTS))


def counted(visitor: Visitor, paths: list[str]) -> dict[str, int]:
    found = {}
    for path in paths:
        visitor.get(f"/desk{path}")  # what is looked up once for all is there
        with statements() as seen:
            assert visitor.get(f"/desk{path}").status_code < 400, path
        found[path] = len(seen)
    return found


def test_no_list_makes_more_queries_with_more_data(any_house: House) -> None:
    any_house.register()
    any_house.dispatch(FIRST_HOURS)
    app = desk_app(any_house, clock=FixedClock(SystemClock().now()))  # a session is prolonged as minutes go by
    admin = signed_in(app, any_house.store, Role.ADMIN, EVERY_CLINIC)
    paths = lists(app)
    assert {"/", "/deliveries", "/appointments", "/inbox"} <= set(paths)
    few = counted(admin, paths)

    for number in range(25):
        any_house.register(name=f"Patient {number}", phone=f"+1416555{3000 + number}", email="")
    any_house.dispatch(after(FIRST_HOURS, minutes=1))

    many = counted(admin, paths)
    assert {path: (few[path], many[path]) for path in paths if few[path] != many[path]} == {}
