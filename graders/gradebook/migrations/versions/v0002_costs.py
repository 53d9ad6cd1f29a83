"""What a grading cost, the run it came from, who decided on it; when a work was last come across."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; of what was graded before, nothing more is known than then."""
    op.add_column("gradings", sa.Column("cpu_seconds", sa.Double))
    op.add_column("gradings", sa.Column("memory", sa.BigInteger))
    op.add_column("gradings", sa.Column("run", sa.String(200), nullable=False, server_default=""))
    op.add_column("gradings", sa.Column("decided_by", sa.String(200), nullable=False, server_default=""))
    op.add_column("gradings", sa.Column("decided", sa.DateTime(timezone=True)))
    op.add_column("works", sa.Column("last_seen", sa.DateTime(timezone=True)))
    op.execute("UPDATE works SET last_seen = seen")
