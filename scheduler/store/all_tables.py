"""Every table, for whoever goes through all of them."""

from scheduler.store import desk_tables, hook_tables, pace_tables, plan_tables, search_tables, tables
from scheduler.store.metadata import metadata

__all__ = ["desk_tables", "hook_tables", "metadata", "pace_tables", "plan_tables", "search_tables", "tables"]
