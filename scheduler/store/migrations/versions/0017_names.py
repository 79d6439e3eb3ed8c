"""FHIR: whose a name is, what a resource said of its visit, and which addresses it told."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("fhir_links", sa.Column("owner_hash", sa.LargeBinary))
    op.add_column("fhir_links", sa.Column("says", sa.String(16)))
    op.add_column("fhir_links", sa.Column("phone_hash", sa.LargeBinary))
    op.add_column("fhir_links", sa.Column("email_hash", sa.LargeBinary))
