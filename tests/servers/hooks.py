"""Another system on loopback that is told of what happens: takes every call, for the tests to verify."""

from aiohttp import web

from tests.servers.webhook import WebhookServer


class HookReceiver(WebhookServer):
    """Like the receiver of alerts, but it looks at no signature: the tests do, by a library."""

    def _is_signed(self, request: web.Request, body: bytes) -> bool:  # noqa: ARG002  (the signature of what it overrides)
        return "webhook-id" in request.headers
