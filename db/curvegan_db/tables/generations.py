"""How often the store went back to an earlier state, as far as we can see. Takes a session and never commits.

A restore begins a new generation, and so does another server than that of before: a standby that was promoted, a dump
that was read in elsewhere. The tokens of leases bear it, so that none is ever given twice.
"""

import secrets
from datetime import datetime

from sqlalchemy import String, select, text, update
from sqlalchemy.exc import NotSupportedError, ProgrammingError
from sqlalchemy.orm import Mapped, Session, mapped_column

from curvegan_db.errors import DatabaseRefuses
from curvegan_db.sql.database import POOLED
from curvegan_db.tables.models import Base

# The cluster and its timeline: a copy has the cluster's name, and a promotion begins a timeline.
_SERVER = "SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()"
_UNTOLD, _SEEN = "untold", "curvegan_server_seen"


class Generation(Base):
    """Who the store is, in one row: how often it went back to an earlier state, and on which server it lay then."""

    __tablename__ = "generations"

    store: Mapped[str] = mapped_column(String(36), primary_key=True)
    generation: Mapped[int]
    # PostgreSQL's own name of its history, which changes with a promotion and a move; None on SQLite.
    server: Mapped[str | None] = mapped_column(String(64))
    since: Mapped[datetime]


def new_token(session: Session) -> str:
    """Return a token for a lease of this generation."""
    return f"{session.scalar(select(Generation.generation))}.{secrets.token_hex(12)}"


def begin_generation(session: Session, moment: datetime) -> int:
    """Count one more; which it is now."""
    counted = update(Generation).values(generation=Generation.generation + 1, since=moment)
    return session.scalars(counted.returning(Generation.generation)).one()


def look_at_server(session: Session, moment: datetime) -> None:
    """Begin a generation where PostgreSQL is another server than before. On SQLite nothing can be seen.

    A connection stays with its server, and is asked once; but for a pooler's, which may lead to another one each time.
    """
    seen = session.connection().info
    if session.get_bind().dialect.name != "postgresql" or (seen.get(_SEEN) and not seen.get(POOLED)):
        return
    known = session.scalar(select(Generation.server))
    server = known if known == _UNTOLD else _server(session)
    if server == known:
        seen[_SEEN] = True  # not before: a standby cannot tell until it is promoted, and what is written may not last
        return
    if known is not None:
        begin_generation(session, moment)
    session.execute(update(Generation).values(server=server))


def _server(session: Session) -> str:
    """Return what the server calls itself; a service may keep that to itself."""
    try:
        with session.begin_nested():
            return str(session.scalar(text(_SERVER)))
    except (ProgrammingError, NotSupportedError, DatabaseRefuses):
        return _UNTOLD
