import os, signal, time
from contextlib import ExitStack
import psycopg, pytest
from tests.acceptance.grounds import Ground, ground, postgres_ground
from tests.acceptance.conftest import *
from tests.acceptance.test_faults_signals import is_frozen
from tests.chaos.play import LEASE
from tests.chaos.points import Ambush

@pytest.mark.parametrize("n", range(8))
def test_x(postgres_ground, n):
    g = postgres_ground
    g.prepare(30)
    p = g.site.launch("serve", "--port", "0", at=Ambush("begun", 1, signal.SIGSTOP))
    g.until(lambda: "engine.started" in g.site.said(p))
    g.fall_due()
    g.until(lambda: is_frozen(p))
    time.sleep(1)
    with psycopg.connect(g.site.environ["AFTERCARE_DATABASE_URL"]) as c:
        for r in c.execute("select state, wait_event, now()-xact_start, left(query,60) from pg_stat_activity where application_name='aftercare' and xact_start is not null"): print(n, r)
    p.kill(); p.wait()
