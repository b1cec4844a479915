"""curvegan dashboard: the only commands that know the web, which they import when they are called."""

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from curvegan.lab import Lab
from curvegan_cli.options import pass_lab
from curvegan_cli.shown.output import message

if TYPE_CHECKING:
    from curvegan_web.doors import Doors

_PORT = 8460
_NO_WEB = "the dashboard needs more packages; `pip install 'curvegan[web]'` brings them"


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=_PORT, show_default=True, help="0 takes a free one.")
@click.option("--open", "open_it", is_flag=True, help="Open it in your browser.")
@click.option(
    "--bind", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen; for containers."
)
@click.option("--host", "hosts", multiple=True, metavar="NAME:PORT", help="Another address that it answers to.")
@click.option(
    "--token", envvar="CURVEGAN_DASHBOARD_TOKEN", show_envvar=True, metavar="TEXT", help="A token of your own choice."
)
@pass_lab
def dashboard(lab: Lab, port: int, open_it: bool, bind: str, hosts: tuple[str, ...], token: str | None) -> None:
    """Show jobs, sweeps and trainings in your browser.

    The address that it prints opens it, once for each browser; other users of the machine see nothing. Ctrl-C ends it.

    \b
    Examples:
      curvegan dashboard --open
      curvegan dashboard --port 9000
    """
    try:
        from curvegan_web.server import Dashboard, listening, server
    except ModuleNotFoundError as error:
        from curvegan_core.errors import ServiceUnavailable

        raise ServiceUnavailable(f"{_NO_WEB} ({error.name} is missing)") from None
    lab.store.last_id()  # what is wrong with the store is said here, in a line
    listener = listening(port, bind)
    port = listener.getsockname()[1]
    served = Dashboard(lab, _doors(port, hosts, token))
    address = f"http://127.0.0.1:{port}/?token={served.doors.token}"
    click.echo(address)
    message("It shows and changes nothing. Ctrl-C ends it.")
    if open_it:
        click.launch(address)
    with suppress(KeyboardInterrupt):
        server(served).run(sockets=[listener])


def _doors(port: int, hosts: tuple[str, ...], token: str | None) -> "Doors":
    from curvegan_core.errors import InvalidInput
    from curvegan_web.doors import Doors

    if token is not None and not re.fullmatch(r"[A-Za-z0-9_-]{32,200}", token):
        raise InvalidInput("a token has 32 or more letters, digits, - and _; without --token one is made")
    own = frozenset({f"127.0.0.1:{port}", f"localhost:{port}", *hosts})
    return Doors(own) if token is None else Doors(own, token)
