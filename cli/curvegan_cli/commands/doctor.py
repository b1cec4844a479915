"""curvegan doctor: try what really goes wrong, a line each. The checks themselves are in curvegan.watching.checks."""

from collections.abc import Iterator
from dataclasses import asdict

import click

from curvegan.lab import Lab
from curvegan_cli.options import pass_lab
from curvegan_cli.shown.output import Column, Grid, emit, form_options

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_COLUMNS = (
    Column("CHECK"),
    Column("RESULT", style=lambda level: _STYLES.get(level, "")),
    Column("FOUND", folds=True, least=40),
    Column("TO DO", folds=True, spare=1),
)


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
        yield Grid(_COLUMNS, rows)
        # In full, for a narrow terminal cuts the table.
        for finding in findings:
            yield from [f"{finding.check}: {finding.text}"] if finding.level != "ok" else []
            yield from [f"  `{finding.command}`"] if finding.command else []

    emit(form, text=text, json=lambda: [asdict(finding) for finding in findings])
    if any(finding.level == PROBLEM for finding in findings):
        raise SystemExit(1)
