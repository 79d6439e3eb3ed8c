"""Work that only one process of an installation does at a time."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack

from scheduler.settings import Settings
from scheduler.store.database import Store, open_store
from tests.acceptance.conftest import ROOT
from tests.postgres import TEST_KEYS

HOLD = """
import os, sys
from scheduler.settings import read_settings
from scheduler.store.database import open_store
with open_store(read_settings(os.environ)) as store, store.turn("apply") as mine:
    print(mine, flush=True)
    sys.stdin.read()
"""


def test_only_one_has_the_turn_and_each_kind_of_work_has_its_own(store: Store, settings: Settings) -> None:
    with open_store(settings) as other:
        with ExitStack() as held:
            assert held.enter_context(store.turn("apply"))
            assert not held.enter_context(other.turn("apply"))
            assert held.enter_context(other.turn("another"))
        with other.turn("apply") as mine:
            assert mine


def test_a_killed_process_gives_its_turn_back(store: Store, settings: Settings) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AFTERCARE_DATABASE_URL": settings.database_url,
        "AFTERCARE_DATA_DIR": str(settings.data_dir),
        **TEST_KEYS,
    }
    words = [sys.executable, "-c", HOLD]
    with subprocess.Popen(words, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "True\n"
        with store.turn("apply") as mine:
            assert not mine
        holder.kill()
        holder.wait()
    deadline = time.monotonic() + 20  # a server notices a dead session when it looks
    while not (free := is_free(store)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert free


def is_free(store: Store) -> bool:
    with store.turn("apply") as mine:
        return mine
