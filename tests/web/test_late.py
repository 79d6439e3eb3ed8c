"""Routes that are made ready when they are first asked for."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from scheduler.web.late import LateRoute, join
from tests.services.house import House
from tests.web.desk import Visitor, desk_app, signed_in
from tests.web.matrix import routes


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of what was made ready, in turn."""
    paths: list[str] = []
    make = LateRoute.get_route_handler

    def watched(self: LateRoute) -> object:
        paths.append(self.path)
        return make(self)

    monkeypatch.setattr(LateRoute, "get_route_handler", watched)
    return paths


def numbers() -> APIRouter:
    router = APIRouter(route_class=LateRoute)

    @router.get("/numbers/{number}")
    def one(number: int) -> int:
        return number

    @router.post("/numbers")
    def add(number: int) -> int:
        return number

    return router


def asked(app: FastAPI, path: str) -> httpx.Response:
    return Visitor(app).get(path)


def test_only_what_is_asked_for_is_made_ready_and_once(made: list[str]) -> None:
    app = FastAPI(openapi_url=None)
    join(app.router, numbers())
    assert made == []
    assert asked(app, "/numbers").status_code == 405
    assert asked(app, "/nothing").status_code == 404
    assert made == []
    assert asked(app, "/numbers/7").json() == 7
    assert asked(app, "/numbers/x").status_code == 422
    assert made == ["/numbers/{number}"]


def test_two_who_ask_at_once_make_it_ready_once(made: list[str]) -> None:
    route, _ = numbers().routes
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: id(getattr(route, "dependant")), range(8)))  # noqa: B009  (it is not there yet)
    assert len(set(found)) == 1
    assert made == ["/numbers/{number}"]


def test_what_it_does_not_have_it_does_not_have() -> None:
    (route, _) = numbers().routes
    assert not hasattr(route, "nothing")
    assert not hasattr(route, "nothing")


def test_every_route_of_the_product_can_be_made_ready(house: House) -> None:
    app = desk_app(house)
    assert all(it.route.app for it in routes(app))


def test_a_page_makes_nothing_else_ready(house: House, made: list[str]) -> None:
    app = desk_app(house)
    signed_in(app, house.store).get("/desk/account")
    assert set(made) == {"/account"}
