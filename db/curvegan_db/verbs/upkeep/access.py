"""What the database lets us do with the tables. Knows no job."""

from typing import Any

from sqlalchemy import Table, delete, false, func, select, update
from sqlalchemy.orm import Session

from curvegan_db.errors import DatabaseRefuses
from curvegan_db.sql.database import shown_url
from curvegan_db.sql.transactions import Transactions
from curvegan_db.tables import models
from curvegan_db.tables.generations import Generation


class Access(Transactions):
    """The part of the store that tries what a worker needs."""

    def check_writable(self) -> None:
        """Try to write every table, and change nothing. Raises DatabaseRefuses: on a replica, without the right."""
        with self._write() as session:
            for table in models.Base.metadata.sorted_tables:
                _write_no_row(session, table)
                if session.get_bind().dialect.name == "postgresql" and not _may_number(session, table):
                    reason = f"permission denied for the sequence that numbers {table.name}"
                    raise DatabaseRefuses(shown_url(self.engine), reason)

    def generation(self) -> int:
        """Return how often the store began anew: 1, and one more for each restore and promotion that was seen."""
        with self._read() as session:
            return session.scalars(select(Generation.generation)).one()


def _write_no_row(session: Session, table: Table) -> None:
    column: Any = next(iter(table.columns))
    session.execute(table.insert().from_select(list(table.columns), select(table).where(false())))
    session.execute(update(table).values({column: column}).where(false()))
    session.execute(delete(table).where(false()))


def _may_number(session: Session, table: Table) -> bool:
    """Return whether the sequence of the table's ids, where it has one, can be used: it is granted by itself."""
    if table.autoincrement_column is None:
        return True
    sequence = func.pg_get_serial_sequence(table.name, table.autoincrement_column.name)
    return session.scalar(select(func.has_sequence_privilege(sequence, "USAGE"))) is not False
