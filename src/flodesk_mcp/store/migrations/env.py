"""Alembic's way in. The connection, with its transaction and lock, is the caller's."""

from alembic import context

from flodesk_mcp.store.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
