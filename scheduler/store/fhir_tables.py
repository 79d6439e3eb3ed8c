"""What a clinic's FHIR system calls the patients and visits that came from it."""

import sqlalchemy as sa

from scheduler.domain.fhir import FhirKind
from scheduler.store.columns import Instant, number, reference, word
from scheduler.store.metadata import metadata

# A name is a logical id there, or an identifier with its system; of Patients both may be health record numbers.
# `said_at` is when the system last changed what it told of it, by its own clock; NULL where it did not say.
# `died_at` is when we were told that a patient has died.
fhir_links = sa.Table(
    "fhir_links",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64), nullable=False),
    word("kind", FhirKind),
    sa.Column("name_hash", sa.LargeBinary, nullable=False),
    reference("patient_id", "patients", nullable=True),
    reference("appointment_id", "appointments", nullable=True),
    sa.Column("said_at", Instant),
    sa.Column("died_at", Instant),
    sa.UniqueConstraint("clinic", "kind", "name_hash"),
    sa.Index(None, "patient_id"),
    sa.Index(None, "appointment_id"),
    sqlite_autoincrement=True,
)
