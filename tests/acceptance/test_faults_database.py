"""The database goes away in the middle of sending: nothing is lost, nothing comes twice, and the service goes on."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.grounds import Ground, ground, ground_in
from tests.chaos.play import LEASE
from tests.postgres import Cluster, running
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer

pytestmark = pytest.mark.long

__all__ = ["ground"]

SAFE = ("fsync=off", "shared_buffers=32MB")
"""What is committed outlives the server's end, which is all that ends here."""


@pytest.fixture
def cluster(postgres_cluster: Cluster) -> Iterator[Cluster]:
    """A server that may be stopped; where PostgreSQL is not installed, the other fixture has said so."""
    with running(postgres_cluster.programs, SAFE) as own:
        yield own


@pytest.fixture
def served(cluster: Cluster, tmp_path: Path, twilio: TwilioServer, smtp: SmtpServer) -> Ground:
    ground = ground_in(tmp_path, twilio, smtp, database=cluster.url(cluster.create("template0")))
    ground.prepare(150)
    ground.twilio.delay = 0.1
    return ground


def test_a_postgresql_that_is_restarted_in_the_middle_costs_no_message(cluster: Cluster, served: Ground) -> None:
    with served.serving() as service:
        served.fall_due()
        served.until(lambda: len(served.twilio.taken) > 10)
        cluster.stop()
        cluster.start()
        served.site.clock.move_by(LEASE)
        served.settle()
        assert served.is_well(service)
    served.check()


def test_a_postgresql_that_is_gone_for_half_a_minute_is_waited_for(cluster: Cluster, served: Ground) -> None:
    with served.serving() as service:
        served.fall_due()
        served.until(lambda: len(served.twilio.taken) > 10)
        cluster.stop()
        back_at = time.monotonic() + 30
        served.until(lambda: "store.unavailable" in served.site.said(service))
        assert not served.is_well(service)
        served.until(lambda: time.monotonic() > back_at)
        cluster.start()
        served.site.clock.move_by(LEASE)
        served.settle()
        assert served.is_well(service)
    served.check()


def test_a_sqlite_file_that_is_locked_for_longer_than_it_is_waited_for_costs_no_message(ground: Ground) -> None:
    ground.prepare(150)
    ground.twilio.delay = 0.1
    with ground.serving() as service:
        ground.fall_due()
        ground.until(lambda: len(ground.twilio.taken) > 10)
        file = ground.site.folder / "var" / "aftercare.db"
        with closing(sqlite3.connect(file, isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            ground.until(lambda: "is locked by another process" in ground.site.said(service))
            other.execute("ROLLBACK")
        ground.settle()
    ground.check()


def test_a_service_that_starts_before_its_database_says_so_in_one_line(cluster: Cluster, served: Ground) -> None:
    cluster.stop()
    service = served.site.launch("serve", "--port", "0")
    assert service.wait(60) == 1
    assert "PostgreSQL runs" in served.site.said(service)
    assert served.site.said(service).count("\n") == 1
