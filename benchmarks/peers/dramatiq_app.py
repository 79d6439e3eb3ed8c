"""Dramatiq with Redis: `python -m benchmarks.peers.dramatiq_app COUNT` puts the jobs into the queue."""

import os
import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.peers.task import TEXT, recipients, send

dramatiq.set_broker(RedisBroker(url=os.environ["BENCH_REDIS"]))
job = dramatiq.actor(send, actor_name="send")

if __name__ == "__main__":
    for recipient in recipients(int(sys.argv[1])):
        job.send(recipient, TEXT)
