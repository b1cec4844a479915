"""On PostgreSQL, which transaction queued a job, so that a worker that knows the front of the queue sees who came before.

A trigger writes it, so that nobody who queues a job can forget it: a submit, a rerun, a worker that gives back or was
lost, a restore, a worker of an earlier version. No model names the column, for only claims ask for it, and SQLite, which
takes an entry out of its index at once, needs none.

The indexes of the queue lose their first column there, the state. PostgreSQL leaves out of a search what the index's own
WHERE says already, and without its first column it cannot begin in the midst of an index: it read all of it.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

_FUNCTION = """
CREATE FUNCTION curvegan_note_queued() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN NEW.queued_in := txid_current(); RETURN NEW; END'
"""
_TRIGGER = """
CREATE TRIGGER curvegan_note_queued BEFORE INSERT OR UPDATE OF state, priority ON jobs
FOR EACH ROW WHEN (NEW.state = 'queued') EXECUTE FUNCTION curvegan_note_queued()
"""
_INDEXES = {
    "ix_jobs_queue": "priority DESC, id, wanted_device, wanted_engine, made_by",
    "ix_jobs_pack": "pack_key, priority DESC, id",
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _index("")
        op.execute("ALTER TABLE jobs ADD COLUMN queued_in BIGINT")
        op.execute("CREATE INDEX ix_jobs_queued_in ON jobs (queued_in) WHERE state = 'queued'")
        op.execute(_FUNCTION)
        op.execute(_TRIGGER)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _index("state, ")
        op.execute("DROP TRIGGER curvegan_note_queued ON jobs")
        op.execute("DROP FUNCTION curvegan_note_queued()")
        op.execute("ALTER TABLE jobs DROP COLUMN queued_in")


def _index(before: str) -> None:
    for name, columns in _INDEXES.items():
        op.execute(f"DROP INDEX {name}")
        op.execute(f"CREATE INDEX {name} ON jobs ({before}{columns}) WHERE state = 'queued'")
