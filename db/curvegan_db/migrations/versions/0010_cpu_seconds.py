"""What training a job took of processors. Of jobs that are older nobody knows."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("cpu_seconds", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "cpu_seconds")
