"""Indexes on what filters ask of configs most often, on the RMSE, and on the verdicts of a sweep.

They serve speed alone: a key that they lack is read in the JSON of each job. SQLAlchemy cannot reflect those on
expressions on SQLite: who alters the table `jobs` by a batch makes them anew.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

# SQLite reads all that it needs from one narrow index, whatever a filter joins. It finds it by its first column, which
# is 0 for every job and which no other index has: else a tie would decide.
_SQLITE = (
    *("loss", "lr_g", "lr_d", "batch_size", "latent", "hidden_g", "hidden_d", "layers_g", "layers_d"),
    *("activation", "optimiser", "beta1", "beta2", "r1", "r2", "spectral_norm", "d_steps", "device"),
)
_OTHERS = (
    """json_extract(config, '$."seed"', '$.""')""",
    """json_extract(config, '$."curve"."family"')""",
    """json_extract(metrics, '$."rmse"')""",
)
# PostgreSQL joins several, and each is an expression as filters have it, default and all.
_LR_G, _LR_D = (f"coalesce(CAST((config #>> '{{{key}}}') AS DOUBLE PRECISION), 0.0001)" for key in ("lr_g", "lr_d"))
_POSTGRES = {
    "loss": "coalesce(CAST((config #>> '{loss}') AS VARCHAR), 'ns')",
    "lr": f"CASE WHEN ({_LR_G} = {_LR_D}) THEN {_LR_G} END",
    "lr_g": _LR_G,
    "lr_d": _LR_D,
    "seed": "lpad((config #>> '{seed}'), 20, '0')",
    "curve": "CAST((config #>> '{curve,family}') AS VARCHAR)",
    "batch_size": "coalesce(CAST((config #>> '{batch_size}') AS DOUBLE PRECISION), 64.0)",
    "r1": "coalesce(CAST((config #>> '{r1}') AS DOUBLE PRECISION), 0.0)",
    "rmse": "CAST((metrics #>> '{rmse}') AS DOUBLE PRECISION)",
}


def upgrade() -> None:
    _index_sweeps("sweep_id", "state", "id", "verdict")
    if op.get_bind().dialect.name == "sqlite":
        # An index refuses what is no JSON. Quoted it is some: the text is kept, and still no config.
        for column in ("config", "metrics"):
            op.execute(f"UPDATE jobs SET {column} = json_quote({column}) WHERE NOT json_valid({column})")
    for name, columns in _indexes().items():
        op.execute(f"CREATE INDEX {name} ON jobs ({columns})")


def downgrade() -> None:
    for name in _indexes():
        op.execute(f"DROP INDEX {name}")
    _index_sweeps("sweep_id", "state", "id")


def _index_sweeps(*columns: str) -> None:
    op.execute("DROP INDEX ix_jobs_sweep")
    op.execute(f"CREATE INDEX ix_jobs_sweep ON jobs ({', '.join(columns)}) WHERE sweep_id IS NOT NULL")


def _indexes() -> dict[str, str]:
    if op.get_bind().dialect.name == "postgresql":
        return {f"ix_jobs_key_{key}": f"({expression})" for key, expression in _POSTGRES.items()}
    keys = [f"""json_extract(config, '$."{key}"')""" for key in _SQLITE]
    return {
        "ix_jobs_keys": ", ".join(("id * 0", "state", "id", "sweep_id", "name", "steps", "verdict", *keys, *_OTHERS))
    }
