"""Alembic runs this: it migrates on the connection, and inside the transaction, that `store.upgrade` opened."""

from alembic import context

from scheduler.store.all_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a column by building the table anew
)
context.run_migrations()
