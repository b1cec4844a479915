"""The commands by name, each imported when it is called.

`curvegan --help` prints this table and imports none of them; a test holds it to the commands' own first sentences.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

# In the order of a job's life. The command `fetch-plot` is `fetch_plot` of its module.
INDEX = {
    "submit": ("submitting.submit", "Queue a job, the tutorial's by default."),
    "sweep": ("submitting.sweep", "Queue a job for every point of a grid."),
    "status": ("watching.status", "List jobs, the newest first."),
    "tune": ("submitting.tune", "Search for good settings: a sweep that goes where it was good."),
    "sweeps": ("submitting.sweep", "List sweeps, the newest first."),
    "show": ("watching.status", "Show all that is known of one job."),
    "explain": ("watching.waiting", "Say why a job is not running, what it is doing, or how it ended."),
    "wait": ("watching.waiting", "Follow jobs to their end."),
    "cancel": ("watching.jobs", "Stop queued and running jobs."),
    "resume": ("watching.jobs", "Let failed and cancelled jobs go on from their last checkpoint."),
    "retry": ("watching.jobs", "Run ended jobs again from the start."),
    "extend": ("watching.jobs", "Train succeeded jobs further, to N steps in total."),
    "fork": ("submitting.fork", "Queue a job that goes on from another one's state."),
    "rename": ("watching.labels", "Give a job or a sweep another name."),
    "tag": ("watching.labels", "Give jobs tags, and take tags away."),
    "note": ("watching.labels", "Write a note to a job."),
    "delete": ("watching.labels", "Delete jobs, with all that came of them."),
    "losses": ("results.fetching", "Print a job's loss curve, as far as it has been trained."),
    "metrics": ("results.fetching", "Print a job's metrics along its way, at each snapshot."),
    "fetch-plot": ("results.fetching", "Write a job's plot to a PNG, SVG or PDF file."),
    "animate": ("results.animate", "Write a training as a GIF, or as an MP4 where ffmpeg is."),
    "fetch-checkpoint": ("results.fetching", "Write a job's checkpoint to a file."),
    "spectrum": ("results.spectrum", "Print the eigenvalues of a small job's training step at a checkpoint."),
    "sample": ("results.sampling", "Draw curves from a job's generator."),
    "baseline": ("results.sampling", "Judge and draw what needs no training on your own curves."),
    "best": ("results.comparing", "List the best jobs by a metric."),
    "compare": ("results.comparing", "Show in what jobs differ."),
    "summary": ("results.comparing", "Sum up many jobs: median and quartiles over the seeds."),
    "plot": ("results.plot", "Draw a sweep to a PNG, SVG or PDF file."),
    "export": ("results.export", "Write jobs as one table, a job a line."),
    "report": ("results.web", "Print a page about a sweep, or any jobs, as one file to share."),
    "copy": ("operating.copying", "Copy jobs that have ended into another store, with all that came of them."),
    "events": ("watching.status", "List every change of a job's state, the oldest first."),
    "logs": ("watching.waiting", "Print a job's log, from its first line on."),
    "dashboard": ("results.web", "Show jobs, sweeps and trainings in your browser."),
    "curves": ("submitting.curves", "List the families of curves, each with a drawing."),
    "data": ("submitting.data", "Keep your own curves to train on."),
    "worker": ("operating.workers", "Train queued jobs until stopped."),
    "workers": ("operating.workers", "List the workers that the store knows, live and lost ones."),
    "metrics-text": ("operating.prometheus", "Print how the store stands, for Prometheus."),
    "doctor": ("operating.installation", "Find out what keeps jobs from running here."),
    "config": ("submitting.submit", "Print a job's config: every key and its default."),
    "settings": ("operating.installation", "Show each setting and where it comes from."),
    "completion": (
        "operating.installation",
        "Print a script that completes commands, options and values in your shell.",
    ),
    "db": ("operating.database", "Look after the results store."),
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
