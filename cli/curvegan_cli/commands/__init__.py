"""The commands by name, each imported when it is called.

`curvegan --help` prints this table and imports none of them; a test holds it to the commands' own first sentences.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

# In the order of a job's life. The command `fetch-plot` is `fetch_plot` of its module.
INDEX = {
    "submit": ("submit", "Queue a job, the tutorial's by default."),
    "sweep": ("sweep", "Queue a job for every point of a grid."),
    "status": ("status", "List jobs, the newest first."),
    "sweeps": ("sweep", "List sweeps, the newest first."),
    "show": ("status", "Show all that is known of one job."),
    "explain": ("waiting", "Say why a job is not running, what it is doing, or how it ended."),
    "wait": ("waiting", "Follow jobs to their end."),
    "cancel": ("jobs", "Stop queued and running jobs."),
    "resume": ("jobs", "Let failed and cancelled jobs go on from their last checkpoint."),
    "retry": ("jobs", "Run ended jobs again from the start."),
    "extend": ("jobs", "Train succeeded jobs further, to N steps in total."),
    "fork": ("fork", "Queue a job that goes on from another one's state."),
    "rename": ("labels", "Give a job or a sweep another name."),
    "tag": ("labels", "Give jobs tags, and take tags away."),
    "note": ("labels", "Write a note to a job."),
    "delete": ("labels", "Delete jobs, with all that came of them."),
    "losses": ("results", "Print a job's loss curve, as far as it has been trained."),
    "metrics": ("results", "Print a job's metrics along its way, at each snapshot."),
    "fetch-plot": ("results", "Write a job's plot to a PNG, SVG or PDF file."),
    "animate": ("animate", "Write a training as a GIF, or as an MP4 where ffmpeg is."),
    "fetch-checkpoint": ("results", "Write a job's checkpoint to a file."),
    "spectrum": ("spectrum", "Print the eigenvalues of a small job's training step at a checkpoint."),
    "sample": ("results", "Draw curves from a job's generator."),
    "best": ("comparing", "List the best jobs by a metric."),
    "compare": ("comparing", "Show in what jobs differ."),
    "summary": ("comparing", "Sum up many jobs: median and quartiles over the seeds."),
    "plot": ("plot", "Draw a sweep to a PNG, SVG or PDF file."),
    "export": ("export", "Write jobs as one table, a job a line."),
    "report": ("web", "Print a page about a sweep, or any jobs, as one file to share."),
    "copy": ("copying", "Copy jobs that have ended into another store, with all that came of them."),
    "events": ("status", "List every change of a job's state, the oldest first."),
    "logs": ("waiting", "Print a job's log, from its first line on."),
    "dashboard": ("web", "Show jobs, sweeps and trainings in your browser."),
    "curves": ("curves", "List the families of curves, each with a drawing."),
    "data": ("data", "Keep your own curves to train on."),
    "worker": ("workers", "Train queued jobs until stopped."),
    "workers": ("workers", "List the workers that the store knows, live and lost ones."),
    "metrics-text": ("prometheus", "Print how the store stands, for Prometheus."),
    "doctor": ("installation", "Find out what keeps jobs from running here."),
    "config": ("submit", "Print a job's config: every key and its default."),
    "settings": ("installation", "Show each setting and where it comes from."),
    "completion": ("installation", "Print a script that completes commands, options and values in your shell."),
    "db": ("database", "Look after the results store."),
}


class Commands(MutableMapping[str, click.Command]):
    """What a click group takes for its commands. Iterating over the names imports nothing."""

    def __init__(self) -> None:
        self._imported: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._imported:
            module, _ = INDEX[name]
            self._imported[name] = getattr(import_module(f"curvegan_cli.commands.{module}"), name.replace("-", "_"))
        return self._imported[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._imported[name] = command

    def __delitem__(self, name: str) -> None:
        del self._imported[name]

    def __iter__(self) -> Iterator[str]:
        return iter(INDEX)

    def __len__(self) -> int:
        return len(INDEX)
