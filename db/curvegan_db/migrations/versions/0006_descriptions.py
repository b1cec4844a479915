"""What a file says of its curves beside their numbers: names, axes, units. Data sets that are older have none of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("datasets", sa.Column("description", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("datasets", "description")
