"""The table of patients whose data were erased: of whom, when and by whom, and nothing else."""

from typing import Any

import sqlalchemy as sa

from scheduler.store.columns import Instant
from scheduler.store.metadata import metadata

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("patient_id", sa.ForeignKey("patients.id"), primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("by", sa.String(128), nullable=False),
)


def is_kept(patient_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return that the patient of that column was not erased.

    Whatever plans messages asks this: visits of the erased are in flight no more, and nothing is planned for them.
    """
    return ~sa.exists().where(erasures.c.patient_id == patient_id)
