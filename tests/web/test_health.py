import asyncio
import gc
import weakref

import httpx
from fastapi import APIRouter, FastAPI

from scheduler.web.app import create_app, forget_applications


def get(app: FastAPI, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aftercare") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_it_says_ok_while_the_service_does_its_work() -> None:
    answer = get(create_app(well=lambda: True), "/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_says_unavailable_while_database_or_engine_are_away_and_recovers_by_itself() -> None:
    well = False
    app = create_app(well=lambda: well)
    answer = get(app, "/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
    well = True
    assert get(app, "/healthz").status_code == 200


def test_nothing_else_is_told_to_strangers() -> None:
    app = create_app(well=lambda: True)
    for path in ("/", "/docs", "/redoc", "/openapi.json"):
        assert get(app, path).status_code == 404


def test_an_application_that_was_replaced_is_let_go_of_with_all_that_it_answered_from() -> None:
    class Edition:
        """Stands for configuration, texts and words: megabytes."""

        def well(self) -> bool:
            return True

    def make() -> weakref.ref[Edition]:
        edition, router = Edition(), APIRouter()

        @router.get("/page")
        async def page() -> bool:
            return edition.well()

        get(create_app(well=edition.well, pages=[router]), "/page")
        return weakref.ref(edition)

    first = make()
    forget_applications()
    gc.collect()
    assert first() is None
    assert get(create_app(well=lambda: True), "/healthz").status_code == 200
