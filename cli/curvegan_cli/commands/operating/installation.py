"""curvegan doctor, settings, completion: this installation. What doctor checks is in curvegan.watching.checks."""

from collections.abc import Iterator
from dataclasses import asdict

import click
from click.core import ParameterSource

from curvegan.lab import Lab
from curvegan_cli.options import pass_lab
from curvegan_cli.shown.output import Column, Grid, emit, form_options

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_FINDINGS = (
    Column("CHECK"),
    Column("RESULT", style=lambda level: _STYLES.get(level, "")),
    Column("FOUND", folds=True, least=40),
    Column("TO DO", folds=True, spare=1),
)
_SETTINGS = (Column("SETTING"), Column("VALUE", folds=True), Column("FROM", folds=True))
# What a worker reads besides, and what holds where nothing is said.
WORKER_DEFAULTS = {"CURVEGAN_LEASE_SECONDS": "30", "CURVEGAN_HANG_SECONDS": "60", "CURVEGAN_CELERY_EVENTS": "0"}
SHELLS = ("bash", "zsh", "fish")


@click.command()
@form_options("table", "json")
@pass_lab
def doctor(lab: Lab, form: str) -> None:
    """Find out what keeps jobs from running here.

    It tries the database, its schema and its clock, the write-ahead log on this file system, the broker, the workers,
    torch, CUDA and the disk. The exit code is 1 where there is a problem; a warning is none.

    \b
    Examples:
      curvegan doctor
      curvegan doctor -o json
    """
    from curvegan.watching.checks import PROBLEM, examine

    findings = examine(lab)
    rows = [(finding.check, finding.level, finding.text, finding.command) for finding in findings]

    def text() -> Iterator[Grid | str]:
        yield Grid(_FINDINGS, rows)
        # In full, for a narrow terminal cuts the table.
        for finding in findings:
            yield from [f"{finding.check}: {finding.text}"] if finding.level != "ok" else []
            yield from [f"  `{finding.command}`"] if finding.command else []

    emit(form, text=text, json=lambda: [asdict(finding) for finding in findings])
    if any(finding.level == PROBLEM for finding in findings):
        raise SystemExit(1)


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
        "workers": str(effective.workers),
    }
    rows = [(name, value, _source(lab, name)) for name, value in values.items()]
    for name, default in WORKER_DEFAULTS.items():
        source = f"environment {name}" if name in lab.variables else "default"
        rows.append((name.removeprefix("CURVEGAN_").lower(), lab.variables.get(name, default), source))
    keys = ("setting", "value", "from")
    emit(form, text=lambda: [Grid(_SETTINGS, rows)], json=lambda: [dict(zip(keys, row, strict=True)) for row in rows])


def _source(lab: Lab, name: str) -> str:
    if name in lab.given:
        typed = click.get_current_context().find_root().get_parameter_source(name) is ParameterSource.COMMANDLINE
        return f"option --{name.replace('_', '-')}" if typed else f"environment CURVEGAN_{name.upper()}"
    return str(lab.file_of(name) or "default")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script that completes commands, options and values in your shell.

    Values are what there is: families, presets, losses and keys of the config; ids and names of jobs, sweeps and data
    sets. Evaluate it in the shell's startup file.

    \b
    Examples:
      eval "$(curvegan completion bash)"
      eval "$(curvegan completion zsh)"
      curvegan completion fish | source
    """
    from click.shell_completion import get_completion_class

    import curvegan_cli.options.shells  # noqa: F401  they register themselves

    kind = get_completion_class(shell)
    assert kind is not None
    # Not `source`, which would run bash to ask for its version: a machine that evaluates it has one.
    script = kind(click.get_current_context().find_root().command, {}, "curvegan", "_CURVEGAN_COMPLETE")
    click.echo(script.source_template % script.source_vars())
