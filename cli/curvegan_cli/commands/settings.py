"""curvegan settings: each setting and where it comes from."""

import click
from click.core import ParameterSource

from curvegan.lab import Lab
from curvegan_cli.options import pass_lab
from curvegan_cli.shown.output import Column, Grid, emit, form_options

_COLUMNS = (Column("SETTING"), Column("VALUE", folds=True), Column("FROM", folds=True))
# What a worker reads besides, and what holds where nothing is said.
WORKER_DEFAULTS = {"CURVEGAN_LEASE_SECONDS": "30", "CURVEGAN_HANG_SECONDS": "60", "CURVEGAN_CELERY_EVENTS": "0"}


@click.command()
@form_options("table", "json")
@pass_lab
def settings(lab: Lab, form: str) -> None:
    """Show each setting and where it comes from.

    An option wins over the environment, that over ./curvegan.toml or the nearest above it, that over the user's file.
    Passwords are not shown. The last three are read by workers alone.

    \b
    Examples:
      curvegan settings
      curvegan --home ./jobs settings -o json
    """
    from curvegan_db.sql.database import make_engine, shown_url
    from curvegan_worker.celery.broker import shown_broker

    effective = lab.settings
    values = {
        "home": str(effective.home),
        "database_url": shown_url(make_engine(effective.database_url)),
        "broker_url": shown_broker(effective.broker_url),
        "queue_prefix": effective.queue_prefix,
    }
    rows = [(name, value, _source(lab, name)) for name, value in values.items()]
    for name, default in WORKER_DEFAULTS.items():
        source = f"environment {name}" if name in lab.variables else "default"
        rows.append((name.removeprefix("CURVEGAN_").lower(), lab.variables.get(name, default), source))
    keys = ("setting", "value", "from")
    emit(form, text=lambda: [Grid(_COLUMNS, rows)], json=lambda: [dict(zip(keys, row, strict=True)) for row in rows])


def _source(lab: Lab, name: str) -> str:
    if name in lab.given:
        typed = click.get_current_context().find_root().get_parameter_source(name) is ParameterSource.COMMANDLINE
        return f"option --{name.replace('_', '-')}" if typed else f"environment CURVEGAN_{name.upper()}"
    return str(lab.file_of(name) or "default")
