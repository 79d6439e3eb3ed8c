"""The same product on PostgreSQL: nothing is made by itself there, and two services may run."""

import json
import urllib.request

import pytest

from tests.acceptance.conftest import Aftercare, keys


@pytest.fixture
def chain(aftercare: Aftercare, empty_postgres_url: str) -> Aftercare:
    aftercare.environ |= {"AFTERCARE_DATABASE_URL": empty_postgres_url, **keys()}
    return aftercare


def test_a_database_is_set_up_on_purpose_and_then_sends(chain: Aftercare) -> None:
    visit = ["--clinic", "serena", "--treatment", "microneedling", "--at", "2030-03-06T10:00"]
    who = ["--name", "Ana Ejemplo", "--phone", "600000011", "--external-id", "S-1"]
    assert "aftercare db upgrade" in chain.refused("register", *visit, *who)
    chain.done("db", "upgrade")
    chain.done("db", "upgrade")
    registered = chain.json("register", *visit, *who)
    check = next(it for it in registered["messages"] if it["step"] == "redness_check")
    assert check["due_at"] == "2030-03-08T09:00:00Z"
    sent = chain.json("dispatch", "--now", check["due_at"])
    assert (sent["sent"], sent["expired"]) == (1, 5)
    assert chain.json("dispatch", "--now", check["due_at"])["sent"] == 0


def test_a_wrong_or_missing_key_is_refused_in_one_line(chain: Aftercare) -> None:
    chain.done("db", "upgrade")
    assert "AFTERCARE_ENCRYPTION_KEY" in chain.refused(
        "timeline", "1", AFTERCARE_ENCRYPTION_KEY=keys()["AFTERCARE_ENCRYPTION_KEY"]
    )
    assert "AFTERCARE_LOOKUP_KEY" in chain.refused(
        "timeline", "1", AFTERCARE_LOOKUP_KEY=keys()["AFTERCARE_LOOKUP_KEY"]
    )
    assert "AFTERCARE_ENCRYPTION_KEY" in chain.refused("timeline", "1", AFTERCARE_ENCRYPTION_KEY="")


def test_two_services_run_on_one_database(chain: Aftercare) -> None:
    chain.done("db", "upgrade")
    services = [chain.start("serve", "--port", "0") for _ in range(2)]
    try:
        for service in services:
            assert service.stderr is not None
            address = service.stderr.readline().split()[2].rstrip(",")
            with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
                assert json.load(answer) == {"status": "ok"}
    finally:
        for service in services:
            service.terminate()
        ends = [service.wait(timeout=20) for service in services]
        for service in services:
            service.communicate()
    assert ends == [0, 0]
