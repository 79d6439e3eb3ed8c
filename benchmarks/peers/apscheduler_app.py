"""An APScheduler job for each message, kept in SQLite: with a COUNT it adds them, without it works.

`misfire_grace_time=None` is not its default: with that, most of the jobs would be dropped as too late.
"""

import os
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from benchmarks.peers.task import TEXT, THREADS, recipients, send

if TYPE_CHECKING:
    from apscheduler.schedulers.base import BaseScheduler


def main() -> None:
    """Add or work."""
    scheduler: BaseScheduler = BackgroundScheduler(
        timezone=UTC,
        jobstores={"default": SQLAlchemyJobStore(url=os.environ["BENCH_SQLITE"])},
        executors={"default": ThreadPoolExecutor(THREADS)},
        job_defaults={"misfire_grace_time": None},
    )
    if len(sys.argv) > 1:
        scheduler.start(paused=True)
        now = datetime.now(UTC)
        for recipient in recipients(int(sys.argv[1])):
            scheduler.add_job(send, "date", run_date=now, args=(recipient, TEXT))
        scheduler.shutdown()
    else:
        scheduler.start()
        while scheduler.get_jobs():
            time.sleep(0.5)
        scheduler.shutdown()


if __name__ == "__main__":
    main()
