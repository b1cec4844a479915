"""On PostgreSQL, which transaction queued a job, so that a worker that knows the front of the queue sees who came before.

A trigger writes it, so that nobody who queues a job can forget it: a submit, a rerun, a worker that gives back or was
lost, a restore, a worker of an earlier version. No model names the column, for only claims ask for it, and SQLite, which
takes an entry out of its index at once, needs none.
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


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE jobs ADD COLUMN queued_in BIGINT")
        op.execute("CREATE INDEX ix_jobs_queued_in ON jobs (queued_in) WHERE state = 'queued'")
        op.execute(_FUNCTION)
        op.execute(_TRIGGER)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER curvegan_note_queued ON jobs")
        op.execute("DROP FUNCTION curvegan_note_queued()")
        op.execute("ALTER TABLE jobs DROP COLUMN queued_in")
