"""Whether the server is another one than before is asked until it is known to be stored, and then once a connection."""

from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from curvegan_db.sql.transactions import now
from curvegan_db.store import Store
from curvegan_db.tables.generations import Generation, look_at_server

from ..trainings import a_worker


def test_a_generation_that_was_rolled_back_is_begun_again_on_the_same_connection(store: Store) -> None:
    with store.engine.connect() as connection:
        session = Session(connection)
        begun = session.scalars(select(Generation.generation)).one()
        session.execute(update(Generation).values(server="another one"))
        session.commit()
        look_at_server(session, now(session))
        session.rollback()
        look_at_server(session, now(session))
        session.commit()
        look_at_server(session, now(session))
        on_postgresql = store.engine.dialect.name == "postgresql"
        assert session.scalars(select(Generation.generation)).one() == begun + on_postgresql
        session.close()


def test_it_is_asked_once_a_connection(store: Store) -> None:
    worker = a_worker(store)
    statements: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    for _ in range(3):
        store.beat(worker, "idle")
    asked = [statement for statement in statements if "pg_control_system" in statement]
    assert len(asked) <= 1
