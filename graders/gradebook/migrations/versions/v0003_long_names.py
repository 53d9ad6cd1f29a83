"""Names as long as they come: a file's may have 255 bytes, and more letters where it is no text."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
NAMES = {
    "students": ("name", "pseudonym", "full_name", "email", "outside_id"),
    "works": ("unit", "submission", "fingerprint"),
    "gradings": ("suite", "secret", "run", "decided_by"),
    "overrides": ("unit", "task", "by"),
    "appeals": ("task", "by", "decided_by"),
}


def upgrade() -> None:
    """Lift the limits where there are any: SQLite has none, whatever a column was declared as."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for table, columns in NAMES.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.String())
