"""Celery with Redis: `python -m benchmarks.peers.celery_app COUNT` puts the jobs into the queue."""

import os
import sys

from celery import Celery

from benchmarks.peers.task import TEXT, recipients, send

app = Celery("bench", broker=os.environ["BENCH_REDIS"])
app.conf.task_ignore_result = True
job = app.task(send, name="send")

if __name__ == "__main__":
    for recipient in recipients(int(sys.argv[1])):
        job.delay(recipient, TEXT)
