"""The web server of a service: the application with what it answers from."""

import contextlib
from collections.abc import Callable, Iterator

import uvicorn

from scheduler.channels.twilio.webhook import Secrets
from scheduler.cli.wiring import Product
from scheduler.services.callbacks import TwilioCallbacks
from scheduler.services.receipts import Receipts
from scheduler.web.app import create_app

DRAIN = 30
"""Seconds that requests get to end when the service is told to stop."""


class _Server(uvicorn.Server):
    """Leaves the signals to the service, so that the engine is told to stop too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def web_server(product: Product, *, is_working: Callable[[], bool]) -> uvicorn.Server:
    """Make the server; it is well while `is_working` says so and the database answers."""
    app = create_app(well=lambda: is_working() and product.store.answers(), twilio=_twilio(product))
    return _Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=DRAIN, server_header=False))


def _twilio(product: Product) -> TwilioCallbacks | None:
    """Return what takes Twilio's calls, None where nobody could tell whether they are Twilio's."""
    settings = product.settings
    if not settings.twilio_auth_token:
        return None
    return TwilioCallbacks(
        store=product.store,
        clock=product.clock,
        public_url=settings.public_url,
        secrets=Secrets(settings.twilio_auth_token, settings.twilio_shared_keys),
        receipts=Receipts(product.store, product.configuration, product.clock, product.owner),
    )
