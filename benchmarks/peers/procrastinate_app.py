"""A Procrastinate job for each message: with a COUNT it defers them, without it works.

Its worker is asynchronous, so it gets the SDK's asynchronous client and 64 jobs at a time.
"""

import asyncio
import os
import sys
from typing import Any

import procrastinate
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from benchmarks.peers.task import TEXT, recipients
from benchmarks.servers.twilio import ACCOUNT_SID, AUTH_TOKEN

AT_ONCE = 64


class _OurServer(AsyncTwilioHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's asynchronous client; only the host is another."""

    async def request(self, method: str, url: str, *rest: Any, **more: Any) -> Any:
        return await super().request(
            method, url.replace("https://api.twilio.com", os.environ["BENCH_SMS"]), *rest, **more
        )


async def main() -> None:
    """Defer or work."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["BENCH_POSTGRES"]))
    http = _OurServer()
    client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=http)

    async def send(to: str, body: str) -> None:
        await client.messages.create_async(to=to, body=body, messaging_service_sid="MG" + "1" * 32)

    job = app.task(name="send")(send)
    async with app.open_async(), http:
        if len(sys.argv) > 1:
            await app.schema_manager.apply_schema_async()
            given: list[dict[str, Any]] = [{"to": to, "body": TEXT} for to in recipients(int(sys.argv[1]))]
            await job.batch_defer_async(*given)
        else:
            await app.run_worker_async(concurrency=AT_ONCE, wait=False, delete_jobs="successful")


if __name__ == "__main__":
    asyncio.run(main())
