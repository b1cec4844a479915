"""Who the store is, and how often it was put back to an earlier state. What is there already is generation 1."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"


def upgrade() -> None:
    table = op.create_table(
        "generations",
        sa.Column("store", sa.String(36), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("server", sa.String(64), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("store", name=op.f("pk_generations")),
    )
    since = (
        sa.func.now()
        if op.get_bind().dialect.name == "postgresql"
        else sa.text("strftime('%Y-%m-%d %H:%M:%f000', 'now')")
    )
    op.execute(table.insert().values(store=str(uuid.uuid4()), generation=1, since=since))


def downgrade() -> None:
    op.drop_table("generations")
