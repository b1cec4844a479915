"""curvegan animate: a training as a moving picture, for slides."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import click

from curvegan.lab import Lab
from curvegan.pictures import animation
from curvegan_cli.options import pass_lab
from curvegan_cli.options.selectors import one_job, select_one
from curvegan_cli.options.values import Whole
from curvegan_cli.shown import files
from curvegan_cli.shown.output import console

T = TypeVar("T")
_MOST_STEP = 10_000_000


def _film(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() not in animation.FORMS:
        raise click.BadParameter(f"{str(path)!r:.80}: a moving picture is written as {' or '.join(animation.FORMS)}")
    return path


@click.command()
@one_job
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE.gif|.mp4", callback=_film,
    help="Where to write it; without it job-ID.gif in the current folder.",
)  # fmt: skip
@click.option("--fps", type=Whole(1, 50), default=20, show_default=True, help="Frames a second.")
@click.option("--from", "first", type=Whole(0, _MOST_STEP), default=0, show_default=True, help="First step.")
@click.option("--to", "last", type=Whole(0, _MOST_STEP), help="Last step; without it as far as the job came.")
@click.option("--every", type=Whole(1, _MOST_STEP), help="Steps from frame to frame; without it at most 120 frames.")
@files.force_option
@pass_lab
def animate(
    lab: Lab, selector: str, output: Path | None, fps: int, first: int, last: int | None, every: int | None, force: bool
) -> None:
    """Write a training as a GIF, or as an MP4 where ffmpeg is.

    Its frames are the plot of the curves, all with the same axes; its path is printed. What lies between two stored
    checkpoints is replayed exactly, by the engine that made the job.

    \b
    Examples:
      curvegan animate 17 -o run.gif
      curvegan animate last --to 2000 --every 10 --fps 30
    """
    store = lab.store
    job = store.job(select_one(store, selector))
    path = output or Path(f"job-{job.id}.gif")
    animation.check_form(path.suffix.lower())
    files.check_writable(path, force)
    steps = animation.steps_of(job, first, last, every)
    snapshots = [*_with_bar(animation.snapshots_at(store, job, steps), "Replaying", len(steps))]
    frames = [*_with_bar(animation.frames_of(store, job, snapshots), "Drawing", len(steps))]
    files.deliver(path, animation.film(path.suffix.lower(), frames, fps), force)


def _with_bar(made: Iterable[T], what: str, count: int) -> Iterable[T]:
    if not sys.stderr.isatty():
        return made
    from rich.progress import track

    return track(made, what, total=count, console=console(sys.stderr), transient=True)
