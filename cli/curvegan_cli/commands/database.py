"""curvegan db: the schema of the results store, and what is old in it."""

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.commands.prune import prune
from curvegan_cli.shown.output import format_option, print_json, print_pairs


@click.group()
def db() -> None:
    """Look after the results store.

    \b
    Example:
      curvegan db status
    """


@db.command()
@pass_backend
def upgrade(backend: Backend) -> None:
    """Bring the database to this version's schema.

    Nothing happens where it is there already.

    \b
    Example:
      curvegan --database-url postgresql+psycopg://me@host/curvegan db upgrade
    """
    from curvegan_db.sql import migrate

    with backend.engine() as engine:
        found = migrate.upgrade(engine)
    click.echo(f"The database is at {found.current}.")


@db.command()
@format_option("table", "json")
@pass_backend
def status(backend: Backend, form: str) -> None:
    """Say where the database is and at which schema.

    The exit code is 3 where that is not this version's.

    \b
    Example:
      curvegan db status -o json
    """
    from curvegan_db.sql import migrate
    from curvegan_db.sql.database import shown_url

    with backend.engine() as engine:
        facts = {"database": shown_url(engine), "schema": (found := migrate.status(engine)).current}
        facts |= {"needed": found.head}
        if form == "json":
            print_json(facts)
        else:
            print_pairs([(name, fact or "none yet") for name, fact in facts.items()])
        migrate.check(engine)


db.add_command(prune)
