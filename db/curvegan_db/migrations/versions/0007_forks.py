"""Which job another one was forked from, and at which step. Jobs that are older are no forks."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("parent_id", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("parent_step", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "parent_step")
    op.drop_column("jobs", "parent_id")
