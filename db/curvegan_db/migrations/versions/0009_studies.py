"""What a sweep searches for, where its jobs come one after another. Sweeps that are older search for nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("sweeps", sa.Column("study", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("sweeps", "study")
