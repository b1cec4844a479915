"""curvegan sweeps: what is known of sweeps as a whole. Changes nothing but what the clock has changed already."""

import click

from curvegan.lab import Lab
from curvegan.watching.sweep_fields import prospects, sweep_fields
from curvegan_cli.options import pass_lab
from curvegan_cli.shown.columns import sweeps_grid, sweeps_sheet
from curvegan_cli.shown.output import IDS_ONLY, emit, form_options


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1))
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="The newest so many.")
@form_options("table", "json", "csv", quiet=IDS_ONLY)
@pass_lab
def sweeps(lab: Lab, ids: tuple[int, ...], limit: int, form: str) -> None:
    """List sweeps, the newest first.

    With ids these alone; in JSON then also with verdicts and the time left.

    \b
    Examples:
      curvegan sweeps
      curvegan sweeps 3 -o json
    """
    store = lab.store
    store.reap()
    listed = [store.sweep(sweep_id) for sweep_id in ids] if ids else store.sweeps(limit)
    emit(
        form,
        text=lambda: [sweeps_grid(listed)],
        json=lambda: [sweep_fields(sweep) | (prospects(store, sweep) if ids else {}) for sweep in listed],
        csv=lambda: sweeps_sheet(listed),
        ids=lambda: [sweep.id for sweep in listed],
    )
