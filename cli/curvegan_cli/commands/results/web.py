"""curvegan dashboard, report: the only commands that know the web, which they import when they are called."""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curvegan.lab import Lab
from curvegan_cli.options import pass_lab
from curvegan_cli.options.filtering import keys_option, metric_option
from curvegan_cli.options.selectors import Selection, jobs_or_sweep
from curvegan_cli.options.values import Whole
from curvegan_cli.shown import files
from curvegan_cli.shown.output import message

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.store import Store
    from curvegan_web.doors import Doors
    from curvegan_web.views.sharing.report import Told

_PORT = 8460
_MAY = "Who has this address may submit jobs, and cancel, rerun and fork them."
_NO_WEB = "the dashboard needs more packages; `pip install 'curvegan[web]'` brings them"


@click.command()
@click.option("--port", type=Whole(0, 65535), default=_PORT, show_default=True, help="0 takes a free one.")
@click.option("--open", "open_it", is_flag=True, help="Open it in your browser.")
@click.option("--allow-changes", "changes", is_flag=True, help="Let it submit, cancel, rerun and fork jobs too.")
@click.option(
    "--bind", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen; for containers."
)
@click.option("--host", "hosts", multiple=True, metavar="NAME:PORT", help="Another address that it answers to.")
@click.option(
    "--token", envvar="CURVEGAN_DASHBOARD_TOKEN", show_envvar=True, metavar="TEXT", help="A token of your own choice."
)
@pass_lab
def dashboard(
    lab: Lab, port: int, open_it: bool, changes: bool, bind: str, hosts: tuple[str, ...], token: str | None
) -> None:
    """Show jobs, sweeps and trainings in your browser.

    The address that it prints opens it, once for each browser; other users of the machine see nothing. Ctrl-C ends it.
    It only shows, unless --allow-changes lets it do what submit, cancel, retry, resume, extend and fork do.

    \b
    Examples:
      curvegan dashboard --open
      curvegan dashboard --port 9000 --allow-changes
    """
    try:
        from curvegan_web.server import Dashboard
        from curvegan_web.serving import listening, server
    except ModuleNotFoundError as error:
        from curvegan_core.errors import ServiceUnavailable

        raise ServiceUnavailable(f"{_NO_WEB} ({error.name} is missing)") from None
    _check_token(token)
    _names(hosts)
    lab.store.last_id()  # what is wrong with the store is said here, in a line
    listener = listening(port, bind)
    port = listener.getsockname()[1]
    served = Dashboard(lab, _doors(port, hosts, token, changes))
    address = f"http://127.0.0.1:{port}/?token={served.doors.token}"
    click.echo(address)
    message(f"{_MAY if changes else 'It shows and changes nothing.'} Ctrl-C ends it.")
    if open_it:
        click.launch(address)
    with suppress(KeyboardInterrupt):
        server(served).run(sockets=[listener])


def _check_token(token: str | None) -> None:
    from curvegan_core.errors import InvalidInput

    if token is not None and not re.fullmatch(r"[A-Za-z0-9_-]{32,200}", token):
        raise InvalidInput("a token has 32 or more letters, digits, - and _; without --token one is made")


def _names(hosts: Iterable[str]) -> frozenset[str]:
    """Return addresses as browsers name them: without the port that a scheme has by itself."""
    from curvegan_core.errors import InvalidInput

    names: set[str] = set()
    for host in hosts:
        found = re.fullmatch(r"([a-z0-9._-]+|\[[0-9a-f:.]+\]):([0-9]{1,5})", host.lower(), re.ASCII)
        if not found or not 1 <= int(found[2]) <= 65535:
            raise InvalidInput(f"--host is NAME:PORT, as lab.example:8460, not {host!r:.60}")
        names |= {found[0], found[1]} if found[2] in ("80", "443") else {found[0]}
    return frozenset(names)


def _doors(port: int, hosts: tuple[str, ...], token: str | None, changes: bool) -> "Doors":
    from curvegan_web.doors import Doors

    own = _names((f"127.0.0.1:{port}", f"localhost:{port}", *hosts))
    return Doors(own, changes=changes) if token is None else Doors(own, token, changes)


@click.command()
@jobs_or_sweep
@metric_option("--metric")
@keys_option
@files.output_option("stdout")
@files.force_option
@pass_lab
def report(
    lab: Lab, selection: Selection, metric: "JobField", keys: tuple[str, ...] | None, output: Path | None, force: bool
) -> None:
    """Print a page about a sweep, or any jobs, as one file to share.

    It is self-contained HTML and needs no network: summary, heat map, losses, the best jobs with a latent walk that the
    page computes from the stored generators, verdicts, and the commands that run it again. It holds names, notes,
    configs and results of these jobs, and no worker, path or error.

    \b
    Examples:
      curvegan report --sweep 3 > sweep.html
      curvegan report 17 --output job.html
      curvegan report --where "tag=paper and loss=ns" --by lr > paper.html
    """
    from curvegan_web.report import report_page
    from curvegan_web.views.sharing.report import report_view

    path = output or files.STDOUT
    files.check_writable(path, force)
    told = _told(lab.store, selection, metric, keys)
    files.deliver(path, report_page(report_view(lab.store, told)).encode(), force)


def _told(store: "Store", selection: Selection, metric: "JobField", keys: tuple[str, ...] | None) -> "Told":
    from curvegan.comparing.keys import of_sweep, varied_keys
    from curvegan_db.filters.language import Filter
    from curvegan_web.views.sharing.report import MOST_JOBS, Told

    if selection.sweep is not None:
        sweep, where = store.sweep(selection.sweep), selection.where
        title = f"sweep {sweep.id}" + (f", {sweep.name}" if sweep.name else "")
        return Told(title, of_sweep(sweep, where), metric, sweep, keys or varied_keys(sweep), where is None)
    ids = selection.ids(store)[: MOST_JOBS + 1]
    title = f"job {ids[0]}" if len(ids) == 1 else f"{len(ids)} jobs"
    return Told(title, Filter.of_jobs(ids), metric, None, keys)
