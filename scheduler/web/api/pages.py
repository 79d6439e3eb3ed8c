"""Pages of lists: the filters that all lists share, and what a page is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Request, Response
from pydantic import Field

from scheduler.services.desk import Desk
from scheduler.web.api.cursors import LONGEST, cursor_after, link_next, place_of
from scheduler.web.api.fields import Input, Limit, Output, Since, Slug, read_since
from scheduler.web.api.problems import Wrong, invalid

BASE = "/api/v1"
Row = TypeVar("Row")
Shown = TypeVar("Shown", bound=Output)


class Part(Input):
    """What every list takes."""

    clinic: Annotated[Slug | None, Field(description="Only this clinic's.")] = None
    limit: Limit = 50
    cursor: Annotated[
        str | None, Field(min_length=1, max_length=LONGEST, description="`next` of the page before.")
    ] = None


class Query(Part):
    """What lists take of which each thing has its instant."""

    since: Annotated[Since | None, Field(alias="from", description="Not before this instant, with an offset.")] = None
    until: Annotated[Since | None, Field(alias="to", description="Before this instant, with an offset.")] = None

    def range(self) -> tuple[datetime | None, datetime | None]:
        """Return the two ends of the range, aware UTC. Raises ApiError for a date that there is not."""
        return _instant("from", self.since), _instant("to", self.until)


class Page(Output, Generic[Shown]):
    """One page; `next` is the `cursor` of the page that follows, null on the last."""

    items: list[Shown]
    next: str | None


@dataclass(frozen=True, slots=True)
class Paging:
    """Pages one list, as a request asks for it."""

    desk: Desk
    request: Request
    response: Response

    def place(self, query: Part) -> list[Any] | None:
        """Return where the page begins. Raises ApiError for a cursor that is none of this list."""
        return place_of(self.desk.store.vault, self.request, query.cursor)

    def page(
        self,
        rows: Sequence[Row],
        limit: int,
        place_after: Callable[[Row], list[Any]],
        shown: Callable[[Row], Shown],
    ) -> Page[Shown]:
        """Return the page of `limit + 1` rows or fewer, and say where the next one is."""
        here = rows[:limit]
        after = place_after(here[-1]) if len(rows) > limit else None
        return Page(items=[shown(row) for row in here], next=self.next(after))

    def next(self, place: list[Any] | None) -> str | None:
        """Return the cursor of the page that begins there, and say where it is; None where there is none."""
        cursor = cursor_after(self.desk.store.vault, self.request, place) if place is not None else None
        base = self.desk.settings.public_url.rstrip("/") + BASE
        link_next(self.request, self.response, base, cursor)
        return cursor


def _instant(name: str, text: str | None) -> datetime | None:
    try:
        return read_since(text)
    except (ValueError, OverflowError):
        raise invalid(
            Wrong("query", name, "names a day or a time that does not exist", "look at the calendar")
        ) from None
