"""How lists are narrowed: each condition only where it was asked for."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

Condition = sa.ColumnElement[bool]


def equal(*pairs: tuple[sa.Column[Any], object]) -> Iterator[Condition]:
    """Yield that each column has its value, where one is given."""
    yield from (column == wanted for column, wanted in pairs if wanted is not None)


def spanning(column: sa.Column[datetime], since: datetime | None, until: datetime | None) -> Iterator[Condition]:
    """Yield that an instant is not before `since`, and before `until`, where these are given."""
    if since is not None:
        yield column >= since
    if until is not None:
        yield column < until


def happened(column: sa.Column[datetime], wanted: bool | None) -> Iterator[Condition]:
    """Yield that something has happened, or has not, where either is asked for."""
    if wanted is not None:
        yield column.is_not(None) if wanted else column.is_(None)


def below_id(column: sa.Column[int], below: int | None) -> Iterator[Condition]:
    """Yield that an id is below that of the page before, where there is one."""
    if below is not None:
        yield column < below
