"""curvegan doctor: try what really goes wrong, a line each. The checks themselves are in curvegan_cli.checks."""

from dataclasses import asdict

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.shown.output import Column, format_option, print_json, print_table

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_COLUMNS = (
    Column("CHECK"),
    Column("RESULT", style=lambda level: _STYLES.get(level, "")),
    Column("FOUND", folds=True),
    Column("TO DO", folds=True),
)


@click.command()
@format_option("table", "json")
@pass_backend
def doctor(backend: Backend, form: str) -> None:
    """Find out what keeps jobs from running here.

    It tries the database, its schema and its clock, the write-ahead log on this file system, the broker, the workers,
    torch, CUDA and the disk. The exit code is 1 where there is a problem; a warning is none.

    \b
    Examples:
      curvegan doctor
      curvegan doctor -o json
    """
    from curvegan_cli.checks import PROBLEM, examine

    findings = examine(backend)
    if form == "json":
        print_json([asdict(finding) for finding in findings])
    else:
        print_table(_COLUMNS, [(f.check, f.level, f.text, f.command or "-") for f in findings])
    if any(finding.level == PROBLEM for finding in findings):
        raise SystemExit(1)
