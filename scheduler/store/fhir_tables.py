"""What a clinic's FHIR system calls the patients and visits that came from it."""

import sqlalchemy as sa

from scheduler.domain.fhir import FhirKind
from scheduler.store.columns import Instant, number, reference, word
from scheduler.store.metadata import metadata

# A name is a logical id, or an identifier with its system; of Patients both may be health record numbers.
# `owner_hash` is the id of the resource that a row belongs to: its own for an id; NULL where nothing claims it, as an
# id that is made of content, and in rows that are older than the column. An identifier that two resources claim has
# neither an owner nor a thing. What has an owner and no thing was off, or dead, before it was ever known.
# `said_at` is when the system last changed what it told of it, by its own clock; NULL where it did not say.
# `died_at` is when a patient died for us: as of the word that said so, by its system's clock or else by ours.
# `says` (domain.fhir.Says) is what the resource last said of its visit; of a patient, that `said_at` is of a resource
# that contains them.
# `phone_hash` and `email_hash` are of the addresses that it told last, and nobody before it.
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
    sa.Column("owner_hash", sa.LargeBinary),
    sa.Column("says", sa.String(16)),
    sa.Column("phone_hash", sa.LargeBinary),
    sa.Column("email_hash", sa.LargeBinary),
    sa.UniqueConstraint("clinic", "kind", "name_hash"),
    sa.Index(None, "patient_id"),
    sa.Index(None, "appointment_id"),
    sqlite_autoincrement=True,
)
