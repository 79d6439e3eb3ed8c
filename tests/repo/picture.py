"""Draws docs/images/demo.svg, a moment of the demo: `python -m tests.repo.picture` at the repository's top."""

import asyncio
import io
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from scheduler.cli.demo_show import ENDS_AT, STARTS_AT, Show
from scheduler.cli.demo_view import DemoView
from scheduler.cli.output import console
from scheduler.cli.wiring import open_product
from scheduler.clock import FixedClock, StoryClock
from scheduler.paths import shipped
from scheduler.settings import Settings

PICTURE = Path(__file__).resolve().parents[2] / "docs/images/demo.svg"
MOMENT = datetime(2026, 3, 7, 15, 30, tzinfo=UTC)
WIDTH = 164
SECONDS = 6

# Dark grey, and colours that are told apart on it.
THEME = TerminalTheme(
    (24, 27, 33),
    (214, 218, 226),
    [(40, 44, 52), (240, 113, 120), (145, 201, 120), (229, 192, 103),
     (97, 175, 239), (198, 140, 230), (86, 190, 202), (190, 196, 206)],
)  # fmt: skip


def draw() -> str:
    """Play the demo up to the moment and return the picture."""
    console.width = WIDTH
    with _folder(), redirect_stdout(io.StringIO()):
        view = DemoView(STARTS_AT, ENDS_AT)
        _play(view)
        paper = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        paper.print(view._render())
    picture = paper.export_svg(title="make demo", theme=THEME, unique_id="demo")
    # Rich names fonts on another host; a page that shows the picture shall ask nobody.
    return re.sub(r"\s*(@font-face \{.*?\}|<!--.*?-->)", "", picture, flags=re.DOTALL).replace("Fira Code, ", "")


def _play(view: DemoView) -> None:
    settings = Settings(
        database_url="sqlite:///picture.db",
        config_dir=shipped("config"),
        templates_dir=shipped("templates"),
        data_dir=Path(),
    )
    clock = StoryClock(FixedClock(STARTS_AT))
    with open_product(settings=settings, clock=clock) as product, socket.create_server(("127.0.0.1", 0)) as listener:
        link = "http://127.0.0.1:8000/desk/login/link/…"
        show = Show(product, clock, listener, view, lambda: link, SECONDS, until=MOMENT)
        asyncio.run(show.run(leave=True, waits=False))


@contextmanager
def _folder() -> Iterator[None]:
    """Work in a temporary folder."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
