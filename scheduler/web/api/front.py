"""Stands before the API: answers HEAD as GET without its body, and adds the headers that every answer has."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scheduler.web.api.problems import SAFE


class Front:
    """The outermost layer of the API."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        # Its own, whatever the server gives to several requests: who calls is remembered in it.
        state: dict[str, Any] = dict(scope.get("state", {}))
        inner = {**scope, "state": state, "method": "GET" if is_head else scope["method"]}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**SAFE, **_said(state)}.items():
                    headers[name] = value
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        await self._app(inner, receive, answer)


def _said(state: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what is said of the caller's allowance."""
    spent = state.get("spent")
    return spent.headers if spent else {}
