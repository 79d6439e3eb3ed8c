"""Every table, for whoever goes through all of them."""

from scheduler.store import plan_tables, tables
from scheduler.store.metadata import metadata

__all__ = ["metadata", "plan_tables", "tables"]
