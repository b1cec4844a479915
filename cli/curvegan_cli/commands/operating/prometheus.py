"""curvegan metrics-text: how the store stands, for operators' alarms."""

import click

from curvegan.lab import Lab
from curvegan.watching.exposition import exposition
from curvegan_cli.options import pass_lab


@click.command()
@pass_lab
def metrics_text(lab: Lab) -> None:
    """Print how the store stands, for Prometheus.

    Jobs by state, the age of the oldest queued one, faults, workers, steps per second, in the text format. It asks SQL
    and needs no server: node_exporter's textfile collector reads the file. The dashboard has the same at /metrics.

    \b
    Example:
      curvegan metrics-text > curvegan.prom
    """
    click.echo(exposition(lab.store.gauges()), nl=False)
