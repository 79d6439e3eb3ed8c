"""An API of a booking system on loopback: answers with what a test put there, and remembers who asked what."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote


@dataclass
class BookingApi:
    """`pages` are answers by path and query; a number is answered as that status."""

    url: str = ""
    pages: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    logins: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)

    def answer(self, path: str) -> Any:
        """Return what is there: the whole address first, then its beginning up to the query."""
        return self.pages.get(path, self.pages.get(path.split("?", maxsplit=1)[0], 404))


@contextmanager
def booking_api() -> Iterator[BookingApi]:
    """Serve until the end of the block."""
    api = BookingApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(self.path)
            api.asked.append(path)
            login = self.headers.get("Authorization", "").removeprefix("Basic ")
            api.logins.add(base64.b64decode(login).decode())
            api.agents.add(self.headers.get("User-Agent", ""))
            said = api.answer(path)
            body = b"" if isinstance(said, int) else said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(said if isinstance(said, int) else 200)
            for name, value in api.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
