"""Alembic's entry: runs the migrations on the connection that `certify_core.store.schema` hands over."""

from alembic import context
from sqlmodel import SQLModel

from certify_core.store import tables  # noqa: F401 - the metadata is complete once they are imported

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transaction_per_migration=True,
    # SQLite cannot alter a column in place: Alembic copies the table instead.
    render_as_batch=True,
)
context.run_migrations()
