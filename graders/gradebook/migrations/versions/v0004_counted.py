"""Since when a grading counted: what took its place tells nobody whether it did."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; of gradings from before, those counted that no person had to confirm, or one did."""
    op.add_column("gradings", sa.Column("counted", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE gradings SET counted = COALESCE(decided, recorded) "
        "WHERE state = 'counts' OR (state = 'superseded' AND (decided IS NOT NULL OR NOT EXISTS ("
        "SELECT 1 FROM gradings AS earlier WHERE earlier.work_id = gradings.work_id AND earlier.id < gradings.id "
        "AND earlier.state <> 'rejected' AND earlier.score > gradings.score + 0.005)))"
    )
