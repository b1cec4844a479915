"""Sweeps, data sets, verdicts, and the hash of a config. Jobs that are older have none of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_INDEXES = {
    "ix_jobs_sweep": (["sweep_id", "state", "id"], "sweep_id IS NOT NULL"),
    "ix_jobs_succeeded": (["config_hash"], "state = 'succeeded'"),
    "ix_jobs_dataset": (["dataset"], "dataset IS NOT NULL"),
}


def upgrade() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("axes", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweeps")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dataset_contents",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("scale", sa.Double(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_dataset_contents")),
    )
    op.create_table(
        "datasets",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["hash"], ["dataset_contents.hash"], name=op.f("fk_datasets_hash_dataset_contents")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_datasets")),
    )
    op.create_index(op.f("ix_datasets_hash"), "datasets", ["hash"])
    op.add_column("jobs", sa.Column("sweep_id", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("verdict", sa.String(32), nullable=True))
    op.add_column("jobs", sa.Column("config_hash", sa.String(64), nullable=True))
    op.add_column("jobs", sa.Column("dataset", sa.String(64), nullable=True))
    for name, (columns, where) in _INDEXES.items():
        op.create_index(name, "jobs", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "jobs")
    for name in ("dataset", "config_hash", "verdict", "sweep_id"):
        op.drop_column("jobs", name)
    for name in ("datasets", "dataset_contents", "sweeps"):
        op.drop_table(name)
