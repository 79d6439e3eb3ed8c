from fastapi.testclient import TestClient

from scheduler.web.app import create_app


def test_it_says_ok_while_the_service_does_its_work() -> None:
    answer = TestClient(create_app(well=lambda: True)).get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_says_unavailable_while_database_or_engine_are_away_and_recovers_by_itself() -> None:
    well = False
    client = TestClient(create_app(well=lambda: well))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
    well = True
    assert client.get("/healthz").status_code == 200


def test_nothing_else_is_told_to_strangers() -> None:
    client = TestClient(create_app(well=lambda: True))
    for path in ("/", "/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404
