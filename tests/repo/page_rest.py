"""The page and the file of the REST API, made from its own OpenAPI document."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from scheduler.clock import SystemClock
from scheduler.content.templates import Texts
from scheduler.paths import shipped
from scheduler.protocols.lexicons import Lexicons
from scheduler.protocols.loader import load
from scheduler.services.desk import Desk
from scheduler.services.gate import Gate
from scheduler.services.inbound import Replies
from scheduler.services.links import Links
from scheduler.settings import read_settings
from scheduler.store.in_memory import InMemoryStore
from scheduler.web.api.app import create_api
from scheduler.web.api.problems import Problem

HEAD = """# REST API

Made from the program by `make docs`; a test compares them. The whole of it, with every field and an example of every
body and answer, is [openapi.json](openapi.json) (OpenAPI 3.1); a running service has its own at
`/api/v1/openapi.json`. How to begin: [use the API](../how-to/use-the-api.md). Why it is so:
[ADR 35](../adr/0035-the-rest-api-answers-once-and-says-what-is-wrong.md).

Every request has `Authorization: Bearer KEY`. A key belongs to one clinic or to all, and has permissions.

"""
RULES = f"""## What holds for all of it

- **Instants** are ISO 8601 in UTC with `Z`. In a body they may have any offset; without one they are the clinic's
  wall clock. In a query (`from`, `to`) they have one.
- **Lists** have `items` and `next`: send that as `cursor`, with the same filters, for the following page; `Link` has
  the whole address. `limit` is 1 to 200, 50 by default. An unknown parameter is refused. Only `next` null is the end:
  a page of messages may be short before that, or empty.
- **The same again.** An appointment with the same `external_id` and content is 200, with another content 409. Any
  POST may have an `Idempotency-Key` (a fresh UUID): sent again within 24 hours it is answered as it was, with
  `Idempotent-Replayed: true`. Refused requests free their key; one that broke off keeps it, as 409 `in-progress`.
- **Edits.** GET and PATCH answer an `ETag`. PATCH with `If-Match` is refused with 412 when it was changed meanwhile;
  without it goes through. GET with `If-None-Match` is 304 when nothing changed.
- **Limits.** `RateLimit-Policy` and `RateLimit` say what is let through and what is left; 429 has `Retry-After`. A
  body has at most 1,000,000 bytes and 32 levels; a file of `POST /imports` or
  `POST /imports/guess` is sent as it is (CSV, .xlsx), 10 MiB.
- **Undo.** Whoever registers or edits an appointment gets the header `Undo`: a POST to that address takes it back for
  15 minutes, while nothing went out because of it. An import has its `undo`.
- **Beside requests.** A plan, and carrying it out, takes longer than a request may: 202, then look at
  `/plans/current` and `/applies` until the state is no more `running`.
- **Only in the console** is what belongs to a person: one's own account, and tests of a text to one's own phone. A
  test goes over every route of the console and names what does the same here.
- **Files.** Answers are JSON but for `GET /deliveries/export`, which is CSV: send no `Accept`, or `text/csv`.
- **HEAD** works wherever GET does. There are no cookies, and no CORS.
- **Records.** Who did and saw what goes into the audit trail, as `key:` and the key's name.

## Problems

Errors are `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)). `type` is
`urn:problem-type:aftercare:` and the code; it never changes. `detail` says what to do. `errors`, for the code
`invalid`, names each wrong field: `in` (body, query, path, header), `field`, `pointer` (RFC 6901), `detail`, `hint`.

| code | status | meaning |
|---|---|---|
{chr(10).join(f"| `{it.code}` | {it.status} | {it.meaning} |" for it in Problem)}
"""


@cache
def document() -> Mapping[str, Any]:
    """Return the document of an installation with the default settings."""
    settings, store, clock = read_settings({}), InMemoryStore(), SystemClock()
    configuration, words = load(shipped("config")), Lexicons(shipped("config"))
    try:
        desk = Desk(
            settings=settings,
            configuration=configuration,
            store=store,
            texts=Texts(shipped("templates")),
            words=words,
            links=Links(settings.public_url, store.vault),
            replies=Replies(store, configuration, words, clock, "docs"),
            clock=clock,
            owner="docs",
            wake=lambda: None,
        )
        found: Mapping[str, Any] = create_api(desk, Gate(store, clock)).openapi()
    finally:
        store.close()
    return found


def openapi_file() -> str:
    """Return the document as a file."""
    return json.dumps(document(), ensure_ascii=False, indent=2) + "\n"


def rest_page() -> str:
    """Return the page."""
    return HEAD + "\n".join(_routes()) + "\n\n" + RULES


def _routes() -> Iterator[str]:
    yield "## Routes"
    for tag in document()["tags"]:
        yield f"\n### {tag['name'].title()}\n\n{tag['description']}\n"
        yield "| route | needs | does |\n|---|---|---|"
        for path, operations in document()["paths"].items():
            for method, operation in operations.items():
                if operation["tags"] == [tag["name"]]:
                    yield f"| `{method.upper()} {path}` | `{operation['x-permission']}` | {_said(operation)} |"


def _said(operation: Mapping[str, Any]) -> str:
    return " ".join(operation["description"].split())
