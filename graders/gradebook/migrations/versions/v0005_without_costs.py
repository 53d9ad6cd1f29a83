"""Processor time and memory go: nothing has ever measured them."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Drop the columns; in SQLite by making the table anew, for older ones cannot drop any. No other refers to it."""
    with op.batch_alter_table("gradings") as table:
        table.drop_column("cpu_seconds")
        table.drop_column("memory")
