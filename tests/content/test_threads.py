"""Several batches are rendered at once, each on a thread of its own."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import mdurl._encode
import pytest

from scheduler.content.layout import frame

THREADS = 8
HEADS = ("subject", "preheader", "clinic")


@pytest.fixture
def hurried_threads() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hurried_threads")
def test_the_first_emails_of_a_process_have_right_links_though_made_on_many_threads_at_once() -> None:
    together = Barrier(THREADS)

    def first(number: int) -> str:
        together.wait()
        body = f"[Book {number}](https://clinic.example/book?at=1&visit=2)"
        return frame("en", HEADS, body, "Call us.").html.fill([])

    for _ in range(20):
        mdurl._encode.encode_cache.clear()  # as in a new process
        frame.cache_clear()
        with ThreadPoolExecutor(THREADS) as threads:
            pages = list(threads.map(first, range(THREADS)))
        assert all('href="https://clinic.example/book?at=1&amp;visit=2"' in page for page in pages)
