"""Two services and two workers on one PostgreSQL: each message goes out once, whoever is killed."""

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.settings import read_settings
from scheduler.store.database import open_store
from tests.acceptance.boxes import Boxes, make_boxes, number_of, stop, wait_for
from tests.acceptance.conftest import Aftercare, keys
from tests.postgres import Cluster
from tests.servers.behaviours import SLOW
from tests.servers.twilio import TwilioServer

pytestmark = pytest.mark.postgres

DESK = "+14165550111"


@pytest.fixture
def boxes(aftercare: Aftercare, live: Mapping[str, str], empty_postgres_url: str) -> Iterator[Boxes]:
    aftercare.environ |= {"AFTERCARE_DATABASE_URL": empty_postgres_url, **keys(), **live}
    aftercare.done("db", "upgrade")
    with open_store(read_settings(aftercare.environ)) as store:
        yield make_boxes(aftercare, store, empty_postgres_url)


def texts(twilio: TwilioServer) -> Counter[str]:
    """What patients got; whoever is on call may be told of what happens to the service."""
    return Counter(taken.to for taken in twilio.taken if taken.to != DESK)


def soon(seconds: float = 1.0) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def finish(boxes: Boxes) -> None:
    """Let an engine of later times take back what the dead ones held, and ask the provider about what is unknown."""
    now = datetime.now(UTC)
    for minutes in (2, *range(5, 40)):  # it asks about a few at a time
        boxes.aftercare.done("dispatch", "--now", (now + timedelta(minutes=minutes)).isoformat())
        if set(boxes.statuses()) == {"accepted"}:
            return


def play(boxes: Boxes, twilio: TwilioServer, count: int, *, seed: int) -> None:
    boxes.seed(count, due_at=soon(6 + count / 1000))
    dice = random.Random(seed)
    with boxes.running("serve", "serve", "worker", "worker") as processes:
        wait_for(lambda: len(twilio.taken) > count * dice.uniform(0.1, 0.5), seconds=120)
        killed = [processes[dice.randrange(2)], processes[2 + dice.randrange(2)]]
        for process in killed:
            process.kill()
        alive = [process for process in processes if process not in killed]
        wait_for(lambda: not boxes.statuses().get("scheduled"), seconds=120)
        assert stop(alive) == [0, 0]
    finish(boxes)
    assert boxes.statuses() == {"accepted": count}
    assert texts(twilio) == {number_of(n): 1 for n in range(count)}


def test_of_two_services_and_two_workers_one_of_each_is_killed_and_each_message_goes_out_once(
    boxes: Boxes, twilio: TwilioServer
) -> None:
    play(boxes, twilio, 500, seed=1)


@pytest.mark.long
def test_twenty_thousand_messages_due_at_one_instant_go_out_once(boxes: Boxes, twilio: TwilioServer) -> None:
    play(boxes, twilio, 20_000, seed=2)


@pytest.mark.long
def test_workers_do_the_sending_while_any_lives_and_the_service_does_it_otherwise(
    boxes: Boxes, twilio: TwilioServer
) -> None:
    with boxes.running("serve") as (service,):
        boxes.seed(30, due_at=soon(0))
        wait_for(lambda: len(twilio.taken) == 30)
        (serving,) = boxes.owners()
        with boxes.running("worker") as (worker,):
            boxes.seed(30, due_at=soon(0), first=100)
            wait_for(lambda: len(twilio.taken) == 60)
            wait_for(lambda: boxes.statuses() == {"accepted": 60})
            assert len(boxes.owners() - {serving}) == 1
            assert stop([worker]) == [0]
        boxes.seed(30, due_at=soon(0), first=200)
        wait_for(lambda: boxes.statuses() == {"accepted": 90})
        assert len(boxes.owners()) == 2
        assert stop([service]) == [0]
    assert boxes.count("procrastinate_jobs") == 0
    assert boxes.count("procrastinate_workers") == 0
    assert set(texts(twilio).values()) == {1}


@pytest.mark.long
def test_a_worker_that_is_told_to_stop_ends_its_hand_overs_and_gives_the_rest_back_at_once(
    boxes: Boxes, twilio: TwilioServer
) -> None:
    boxes.seed(1000, due_at=soon(0))
    with boxes.running("worker") as (worker,), boxes.running("serve") as (service,):
        wait_for(lambda: len(twilio.taken) > 100)
        assert stop([worker]) == [0]
        assert "sending" not in boxes.statuses()
        wait_for(lambda: boxes.statuses() == {"accepted": 1000}, seconds=30)  # half a lease: nothing waited for one
        assert stop([service]) == [0]
    assert len(boxes.owners()) == 2
    assert set(texts(twilio).values()) == {1}


@pytest.mark.long
def test_a_second_signal_ends_a_worker_whose_provider_hangs(boxes: Boxes, twilio: TwilioServer) -> None:
    twilio.default = SLOW
    boxes.seed(3, due_at=soon(0))
    with boxes.running("worker") as (worker,), boxes.running("serve"):
        wait_for(lambda: len(twilio.taken) == 3)
        worker.terminate()
        assert worker.stderr is not None
        while "stop.requested" not in worker.stderr.readline():
            pass
        assert worker.poll() is None
        worker.terminate()
        assert worker.wait(timeout=5) == -signal.SIGTERM


@pytest.mark.long
def test_a_worker_that_is_killed_alone_is_stood_in_for_by_the_service(boxes: Boxes, twilio: TwilioServer) -> None:
    boxes.seed(800, due_at=soon(0))
    with boxes.running("worker") as (worker,), boxes.running("serve") as (service,):
        wait_for(lambda: len(twilio.taken) > 100)
        worker.kill()
        wait_for(lambda: not boxes.statuses().get("scheduled"))
        assert stop([service]) == [0]
    finish(boxes)
    assert Counter(texts(twilio).values()) == {1: 800}


@pytest.mark.long
def test_the_database_goes_away_under_service_and_worker_and_both_carry_on(
    boxes: Boxes, twilio: TwilioServer, postgres_cluster: Cluster
) -> None:
    boxes.seed(600, due_at=soon(0))
    with boxes.running("worker") as (worker,), boxes.running("serve") as (service,):
        wait_for(lambda: len(twilio.taken) > 100)
        cut_off(boxes, postgres_cluster)
        boxes.seed(30, due_at=soon(0), first=1000)
        wait_for(lambda: {number_of(1000 + n) for n in range(30)} <= {taken.to for taken in twilio.taken})
        assert worker.poll() is None
        assert service.poll() is None
        assert stop([worker, service]) == [0, 0]
    finish(boxes)
    assert Counter(texts(twilio).values()) == {1: 630}


@pytest.mark.long
def test_a_worker_that_is_frozen_for_longer_than_its_lease_sends_nothing_twice_and_works_again(
    boxes: Boxes, twilio: TwilioServer
) -> None:
    boxes.seed(4000, due_at=soon(0))
    with boxes.running("worker") as (worker,), boxes.running("serve") as (service,):
        wait_for(lambda: len(twilio.taken) > 100)
        os.kill(worker.pid, signal.SIGSTOP)
        wait_for(lambda: not {"scheduled", "claimed", "sending"} & set(boxes.statuses()), seconds=120)
        os.kill(worker.pid, signal.SIGCONT)
        boxes.seed(50, due_at=soon(30), first=5000)
        wait_for(lambda: boxes.count("procrastinate_workers") >= 1)
        wait_for(lambda: not boxes.statuses().get("scheduled"), seconds=60)
        assert stop([worker, service]) == [0, 0]
    finish(boxes)
    assert Counter(texts(twilio).values()) == {1: 4050}


def test_on_sqlite_there_are_no_workers(aftercare: Aftercare) -> None:
    visit = ["--clinic", "serena", "--treatment", "microneedling", "--at", "2030-03-06T10:00"]
    aftercare.done("register", *visit, "--name", "Ana Ejemplo", "--phone", "600000011")
    assert "a worker needs PostgreSQL" in aftercare.refused("worker")


def test_without_the_queue_in_the_database_service_and_worker_say_what_to_run(boxes: Boxes) -> None:
    with boxes.store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM meta WHERE name = 'foreign.procrastinate'")
    assert "aftercare db upgrade" in boxes.aftercare.refused("worker")
    assert "aftercare db upgrade" in boxes.aftercare.refused("serve", "--port", "0")


def cut_off(boxes: Boxes, cluster: Cluster) -> None:
    """Break every connection to the database and let nobody in for two seconds."""
    name = boxes.aftercare.environ["AFTERCARE_DATABASE_URL"].rpartition("/")[2]
    execute = cluster.execute
    execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    execute("SELECT pg_sleep(2)")
    execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
