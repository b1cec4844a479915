"""What a PostgreSQL server can refuse to a plain user, for some seconds: a superuser passes every limit."""

import time
from typing import LiteralString

import psycopg
from sqlalchemy.engine import make_url

from ...servers import PostgresServer

CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'trainer'"


def as_trainer(server: PostgresServer, url: str) -> str:
    """The URL of a migrated database for a plain user who may change what is in its tables."""
    execute(server, "DROP ROLE IF EXISTS trainer", "CREATE ROLE trainer LOGIN PASSWORD 'secret'")
    for kind in ("TABLES", "SEQUENCES"):
        grant = f"GRANT ALL ON ALL {kind} IN SCHEMA public TO trainer"
        execute(server, grant, database=str(make_url(url).database))
    return make_url(url).set(username="trainer").render_as_string(hide_password=False)


def refuse_connections(server: PostgresServer, seconds: float) -> None:
    """Let nobody in for a while, and put everybody out at its beginning."""
    execute(server, "ALTER ROLE trainer CONNECTION LIMIT 0", CUT_OFF)
    time.sleep(seconds)
    execute(server, "ALTER ROLE trainer CONNECTION LIMIT -1")


def refuse_writes(server: PostgresServer, seconds: float) -> None:
    """Be read-only for a while, in the sessions that are there, too."""
    read_only(server, "on")
    time.sleep(seconds)
    read_only(server, "off")


def read_only(server: PostgresServer, value: LiteralString) -> None:
    setting = f"ALTER SYSTEM SET default_transaction_read_only = {value}"
    execute(server, "SET default_transaction_read_only = off", setting, "SELECT pg_reload_conf()")


def execute(server: PostgresServer, *statements: str, database: str = "postgres") -> None:
    """As the superuser, each by itself."""
    with psycopg.connect(server.url(database).replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
