"""Column types and column makers that both databases understand in the same way."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

WORD_LENGTH = 16
Word = TypeVar("Word", bound=StrEnum)


Read = Callable[[Any], Any]
"""Makes a value of what a driver gives; it is never given None."""


# The messages of a day share their instants, and all that one transaction writes has the same.
@lru_cache(maxsize=4096)
def instant_text(instant: datetime) -> str:
    """Return an aware instant as fixed-width ISO 8601 UTC text, which sorts as time does."""
    if instant.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: timestamptz on PostgreSQL, fixed-width ISO text on SQLite. Refuses naive ones."""

    impl = sa.TIMESTAMP(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        """Choose the column's type in this database."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(27))
        return dialect.type_descriptor(sa.TIMESTAMP(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | datetime | None:
        """Hand an instant to the driver."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant has a time zone")
        return instant_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: str | datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  (SQLAlchemy's signature)
        """Read an instant back."""
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def number(name: str = "id") -> sa.Column[int]:
    """Return a primary key that the database counts up."""
    return sa.Column(name, Number, primary_key=True)


def reference(name: str, to: str, *, nullable: bool = False) -> sa.Column[int]:
    """Return a foreign key to another table's id."""
    return sa.Column(name, Number, sa.ForeignKey(f"{to}.id"), nullable=nullable)


def word(name: str, enum: type[Word], *, nullable: bool = False, default: Word | None = None) -> sa.Column[Word]:
    """Return a column that holds only the words of `enum`, guarded by a CHECK called after the column.

    `default` is the database's own, for rows that don't say it.
    """
    kind = sa.Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=WORD_LENGTH,
        values_callable=lambda members: [member.value for member in members],
    )
    return sa.Column(name, kind, nullable=nullable, server_default=default.value if default else None)


def one_of(name: str, *enums: type[StrEnum], nullable: bool = False) -> sa.Column[str]:
    """Return a text column that holds only words of several enums."""
    allowed = dict.fromkeys(item.value for enum in enums for item in enum)
    kind = sa.Enum(*allowed, name=name, native_enum=False, create_constraint=True, length=WORD_LENGTH)
    return sa.Column(name, kind, nullable=nullable)


def sealed(name: str, of: str, *, nullable: bool = True) -> sa.Column[bytes]:
    """Return a column of values that the vault sealed as `of`; `rekey` finds it by that."""
    return sa.Column(name, sa.LargeBinary, nullable=nullable, info={"of": of})


def reads_words(enum: type[Word]) -> Callable[[str], Word]:
    """Return what makes a member of its word. Raises KeyError for a word that is none."""
    return {member.value: member for member in enum}.__getitem__


def read_instant(value: str | datetime) -> datetime:
    """Make an aware UTC instant of what either driver gives for one."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)
