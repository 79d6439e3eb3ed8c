"""Booking systems: a booking whose id was replaced twice, and why a call was refused as codes."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

# Of several ids that one took the place of the last is kept; each of the others is off by its own word.
TURN_ROUND = """
UPDATE bookings SET replaces = (
    SELECT max(old.booking) FROM bookings AS old
    WHERE old.clinic = bookings.clinic AND old.source = bookings.source AND old.replaced_by = bookings.booking
)
"""


def upgrade() -> None:
    op.add_column("booking_events", sa.Column("why_sealed", sa.LargeBinary))
    op.add_column("bookings", sa.Column("replaces", sa.String(255)))
    op.execute(TURN_ROUND)
    op.drop_index("ix_bookings_clinic_replaced_by", "bookings")
    op.drop_column("bookings", "replaced_by")
    op.create_index("ix_bookings_clinic_replaces", "bookings", ["clinic", "replaces"])
