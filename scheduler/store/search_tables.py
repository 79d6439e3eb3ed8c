"""The table by which patients are found by parts of their names, which are sealed."""

import sqlalchemy as sa

from scheduler.store.metadata import metadata

# `token` is a keyed hash of a beginning of a word of the normalised name: `store.name_tokens` says of which.
name_tokens = sa.Table(
    "name_tokens",
    metadata,
    sa.Column("token", sa.LargeBinary, primary_key=True),
    sa.Column("clinic", sa.String(64), primary_key=True),
    sa.Column("patient_id", sa.ForeignKey("patients.id"), primary_key=True),
    sa.Index(None, "patient_id"),
    sqlite_with_rowid=False,
)
