"""A real browser, driven over its own protocol (DevTools) through two pipes: no driver program, no port.

Without Chromium or Chrome on the machine these tests skip; with `browser` in AFTERCARE_TEST_REQUIRE they fail.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 30
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-default-browser-check",
    "--no-sandbox",  # the tests run as root in containers, and open pages of our own only
)
_KEYS = {
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Space": (32, " "),
    "ArrowDown": (40, ""),
}

# A browser reads from file descriptor 3 and writes to 4; the pipes' own numbers may be those already.
_LAUNCH = (
    "import os, sys; os.dup2(int(sys.argv[1]), 103); os.dup2(int(sys.argv[2]), 104); "
    "os.dup2(103, 3); os.dup2(104, 4); os.execv(sys.argv[3], sys.argv[3:])"
)


def program() -> str | None:
    """Return the browser of this machine, None where there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """One running browser; `say` asks it something and waits for the answer."""

    def __init__(self, process: subprocess.Popen[bytes], writing: int, reading: int) -> None:
        self._process, self._writing, self._reading = process, writing, reading
        self._number = 0
        self._rest = b""
        self.events: list[Mapping[str, Any]] = []

    def say(self, method: str, session: str | None = None, **params: object) -> Any:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        number = self._number
        answer = self.wait(lambda it: it.get("id") == number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait(self, wanted: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """Read until what is wanted comes; what comes before it is kept in `events`."""
        until = time.monotonic() + PATIENCE
        while True:
            for place, event in enumerate(self.events):
                if wanted(event):
                    return self.events.pop(place)
            self._read(until)

    def _read(self, until: float) -> None:
        ready, _, _ = select.select([self._reading], [], [], max(0.0, until - time.monotonic()))
        got = os.read(self._reading, 1 << 20) if ready else b""
        if not got:
            raise AssertionError(f"the browser says nothing (its exit code: {self._process.poll()})")
        *whole, self._rest = (self._rest + got).split(b"\0")
        self.events += [json.loads(message) for message in whole]


@contextmanager
def running(found: str, folder: Path) -> Iterator[Browser]:
    """Start a browser with a profile of its own in `folder`, and end it."""
    to_read, writing = os.pipe()
    reading, to_write = os.pipe()
    pipes = [str(to_read), str(to_write)]
    command = [sys.executable, "-c", _LAUNCH, *pipes, found, *_FLAGS, f"--user-data-dir={folder}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, pass_fds=(to_read, to_write), stdout=log, stderr=log, env=_own_home(folder)
        )
    os.close(to_read)
    os.close(to_write)
    try:
        yield Browser(process, writing, reading)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        os.close(writing)
        os.close(reading)


def _own_home(folder: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}


@dataclass
class Tab:
    """A page in a window of its own: its cookies and caches are nobody else's."""

    browser: Browser
    session: str
    context: str
    requests: list[str] = field(default_factory=list)

    def say(self, method: str, **params: object) -> Any:
        return self.browser.say(method, self.session, **params)

    def look(self, *, width: int = 390, height: int = 844, dark: bool = False, script: bool = False) -> None:
        """Set what the page is looked at with."""
        self.say("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2, mobile=True)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.say("Emulation.setEmulatedMedia", features=[scheme])
        self.say("Emulation.setScriptExecutionDisabled", value=not script)

    def open(self, url: str) -> None:
        with self.loading():
            self.say("Page.navigate", url=url)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Wait, after what the block does, until the page that it leads to is there."""
        yield
        self._wait("Page.loadEventFired")

    def see(self, expression: str) -> Any:
        """Return what a script of the test, not of the page, finds."""
        result = self.say("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def press(self, key: str, times: int = 1) -> None:
        code, text = _KEYS[key]
        for _ in range(times):
            named = " " if key == "Space" else key
            what = {"key": named, "code": key, "windowsVirtualKeyCode": code}
            self.say("Input.dispatchKeyEvent", type="keyDown", text=text, **what)
            self.say("Input.dispatchKeyEvent", type="keyUp", **what)

    def write(self, text: str) -> None:
        self.say("Input.insertText", text=text)

    def focused(self) -> str:
        """Return the id, else the name and value, of what has the focus."""
        element = "document.activeElement"
        return str(self.see(f"{element}.id || [{element}.name, {element}.value].filter(Boolean).join(' ')"))

    def gets_focus(self, wanted: str) -> bool:
        """Whether something gets the focus: what asks for it has it a moment after the page is there."""
        until = time.monotonic() + PATIENCE
        while self.focused() != wanted:
            if time.monotonic() > until:
                return False
        return True

    def tab_to(self, wanted: str, most: int = 80) -> None:
        """Go on with the Tab key until something has the focus."""
        for _ in range(most):
            if self.focused() == wanted:
                return
            self.press("Tab")
        raise AssertionError(f"the Tab key never comes to {wanted}")

    def picture(self, file: Path) -> None:
        """Keep what the whole page looks like."""
        taken = self.say("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        file.write_bytes(base64.b64decode(taken["data"]))

    def requested(self) -> list[str]:
        """Return the addresses that were asked for, in their order."""
        mine = [it for it in self.browser.events if it.get("sessionId") == self.session]
        return [it["params"]["request"]["url"] for it in mine if it["method"] == "Network.requestWillBeSent"]

    def logged(self) -> list[str]:
        """Return what the browser complained about."""
        mine = [it for it in self.browser.events if it.get("sessionId") == self.session]
        return [it["params"]["entry"]["text"] for it in mine if it["method"] == "Log.entryAdded"]

    def close(self) -> None:
        self.browser.say("Target.disposeBrowserContext", browserContextId=self.context)

    def _wait(self, method: str) -> None:
        self.browser.wait(lambda it: it.get("method") == method and it.get("sessionId") == self.session)


def new_tab(browser: Browser) -> Tab:
    """Open a tab in a fresh context."""
    context = browser.say("Target.createBrowserContext")["browserContextId"]
    target = browser.say("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
    session = browser.say("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    tab = Tab(browser, session, context)
    for domain in ("Page", "Network", "Log", "Runtime"):
        tab.say(f"{domain}.enable")
    return tab
