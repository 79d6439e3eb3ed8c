"""Every table, for whoever goes through all of them."""

from scheduler.store import (
    booking_tables,
    desk_tables,
    erasure_tables,
    feed_tables,
    fhir_tables,
    hook_tables,
    pace_tables,
    plan_tables,
    search_tables,
    source_tables,
    tables,
    tally_tables,
)
from scheduler.store.metadata import metadata

__all__ = [
    "booking_tables",
    "desk_tables",
    "erasure_tables",
    "feed_tables",
    "fhir_tables",
    "hook_tables",
    "metadata",
    "pace_tables",
    "plan_tables",
    "search_tables",
    "source_tables",
    "tables",
    "tally_tables",
]
