"""A note that a person wrote to a job. Jobs that are older have none."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("note", sa.String(2000), nullable=True))


def downgrade() -> None:
    op.drop_column("jobs", "note")
