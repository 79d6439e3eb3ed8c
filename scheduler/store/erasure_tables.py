"""The table of patients whose data were erased: of whom, when and by whom, and nothing else."""

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
