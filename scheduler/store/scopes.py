"""Keeps lists to the clinics that somebody may see."""

import sqlalchemy as sa

from scheduler.domain.access import Scope


def within(column: sa.ColumnElement[str] | sa.ColumnElement[str | None], scope: Scope) -> sa.ColumnElement[bool]:
    """Return the condition that a row's clinic is in the scope; a row without a clinic is in every one."""
    if scope.clinics is None:
        return sa.true()
    return sa.or_(column.in_(sorted(scope.clinics)), column.is_(None))
