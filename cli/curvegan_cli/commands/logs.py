"""curvegan logs: a job's own log, from its first line to its newest. Knows nothing of how it is written."""

import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import click

from curvegan_cli.backend import Backend, pass_backend
from curvegan_cli.commands.waiting import DETACHED
from curvegan_cli.options.selectors import one_job, select_one
from curvegan_cli.patience import patiently
from curvegan_cli.shown.output import format_option, inert, message, plain, print_json
from curvegan_cli.shown.view import ENDED

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import LogLine

POLL_S = 0.5
REAP_S = 10.0
_FIELDS = ("at", "attempt", "worker", "kind", "text")


@click.command()
@one_job
@click.option("--follow", is_flag=True, help="Stay until the job ends; exit 1 where it ends badly.")
@format_option("table", "json")
@pass_backend
def logs(backend: Backend, selector: str, follow: bool, form: str) -> None:
    """Print a job's log, from its first line on.

    It holds what happened to the job and what its workers said, for every attempt, however the job ended. In JSON it is
    one list; with --follow it comes when the job has ended.

    \b
    Examples:
      curvegan logs 17
      curvegan logs last --follow
    """
    store, job_id = backend.store, select_one(backend.store, selector)
    try:
        _print(_followed(store, job_id) if follow else store.log(job_id)[0], form)
    except KeyboardInterrupt:
        message(f"Detached; the work goes on. `curvegan logs {job_id} --follow` shows it again.")
        raise SystemExit(DETACHED) from None
    if follow and store.job(job_id).state != "succeeded":
        raise SystemExit(1)


def _print(lines: Iterable["LogLine"], form: str) -> None:
    if form == "json":
        print_json([{name: getattr(line, name) for name in _FIELDS} for line in lines])
        return
    for line in lines:
        click.echo(_text(line))


def _text(line: "LogLine") -> str:
    """Time, attempt, text; what has several lines, as a traceback, is indented."""
    first, *others = map(inert, line.text.splitlines() or [""])
    return "\n    ".join([f"{plain(line.at)}  {line.attempt or '-':>2}  {first}", *others])


def _followed(store: "Store", job_id: int) -> Iterator["LogLine"]:
    """The log's lines as they come, until the job has ended."""
    position, reaped, ended = None, -REAP_S, False
    while not ended:
        if time.monotonic() - reaped > REAP_S:
            reaped = time.monotonic()
            patiently(store.reap)
        # Asked first: what is written before the end is in the log by then.
        ended = patiently(partial(store.job, job_id)).state in ENDED
        lines, position = patiently(partial(store.log, job_id, position))
        yield from lines
        if not ended:
            time.sleep(POLL_S)
