"""Which engines a worker has and a job needs; why workers die at their start."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_QUEUE: list[str | sa.TextClause] = ["state", sa.text("priority DESC"), "id", "wanted_device"]
_QUEUED = sa.text("state = 'queued'")
_AT_ONCE = 5_000


def upgrade() -> None:
    both = sa.text("""'["fused", "torch"]'""")
    op.add_column("workers", sa.Column("engines", sa.JSON(), nullable=False, server_default=both))
    op.add_column("workers", sa.Column("error", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("wanted_engine", sa.String(16), nullable=False, server_default="any"))
    op.add_column("jobs", sa.Column("made_by", sa.String(64), nullable=True))
    _fill(op.get_bind())
    _index([*_QUEUE, "wanted_engine", "made_by"])


def downgrade() -> None:
    _index(_QUEUE)
    for table, names in {"jobs": ("made_by", "wanted_engine"), "workers": ("error", "engines")}.items():
        for name in names:
            op.drop_column(table, name)


def _index(columns: list[str | sa.TextClause]) -> None:
    op.drop_index("ix_jobs_queue", "jobs")
    op.create_index("ix_jobs_queue", "jobs", columns, sqlite_where=_QUEUED, postgresql_where=_QUEUED)


def _fill(connection: sa.Connection) -> None:
    """Say what the jobs need that are there, by their configs as this version wrote them."""
    connection.execute(
        sa.text(
            "UPDATE jobs SET made_by = engine WHERE engine IS NOT NULL "
            "AND EXISTS (SELECT 1 FROM checkpoints WHERE checkpoints.job_id = jobs.id)"
        )
    )
    last, page = 0, sa.text(f"SELECT id, config FROM jobs WHERE id > :last ORDER BY id LIMIT {_AT_ONCE}")
    while rows := connection.execute(page, {"last": last}).all():
        last = rows[-1].id
        wanted = [{"job": row.id, "engine": engine} for row in rows if (engine := _wanted(row.config)) != "any"]
        if wanted:
            connection.execute(sa.text("UPDATE jobs SET wanted_engine = :engine WHERE id = :job"), wanted)


def _wanted(stored: str | dict[str, object]) -> str:
    config = json.loads(stored) if isinstance(stored, str) else stored
    if config.get("engine", "auto") != "auto":
        return str(config["engine"])
    fused = config.get("activation", "relu") == "relu" and not config.get("spectral_norm")
    return "any" if fused and not str(config.get("device", "auto")).startswith("cuda") else "torch"
