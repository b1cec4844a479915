"""The `curvegan` command: its group, settings, error lines and exit codes.

With `curvegan.lab`, from which it has its settings, the only module of the client that reads the environment.
"""

import atexit
import errno
import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from curvegan_cli.commands import INDEX, Commands
from curvegan_cli.shown.graphics import PROTOCOL, protocol

if TYPE_CHECKING:
    from curvegan_core.errors import CurveganError

_INTERRUPTED = 130
# What is imported for a command makes no garbage: to look for it took a quarter of the time of `curvegan status`.
_RARELY = 100_000
# What was typed may be quoted in an error; an argument can have 100,000 characters.
_MOST_SAID = 1000


class CurveganGroup(click.Group):
    """Shows an expected error as one line; any other error is a bug and keeps its traceback."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        _open_what_is_closed()
        gc.set_threshold(_RARELY)
        atexit.register(gc.freeze)
        with _expected():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        from curvegan_core.interrupts import Interruptible

        with _expected(), Interruptible(), _answered():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return them in the order of a job's life, not of the alphabet."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the index, for which no command has to be imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in INDEX.items()])


@contextmanager
def _expected() -> Iterator[None]:
    try:
        yield
    except (click.exceptions.Exit, click.exceptions.NoArgsIsHelpError):
        raise
    except click.UsageError as error:
        _end(f"Error: {_with_hint(error)}", 2)
    except _on_purpose() as error:
        _end(f"Error: {error}", error.exit_code)
    except KeyboardInterrupt as error:
        if type(error) is not KeyboardInterrupt:  # somebody detached from what goes on, which has been said
            raise click.exceptions.Exit(_INTERRUPTED) from None
        _end("Interrupted.", _INTERRUPTED)
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename:
            raise
        _let_go_of_stdout()
        _end("Error: what stdout goes to has no space left; send it elsewhere", 2)


@contextmanager
def _answered() -> Iterator[None]:
    """Take Ctrl-C at a question for what it is: click calls it Abort, as the end of stdin."""
    try:
        yield
    except click.Abort as error:
        if not isinstance(error.__context__, KeyboardInterrupt):
            raise
        click.echo(err=True)
        raise KeyboardInterrupt from None


def _on_purpose() -> "type[CurveganError]":
    from curvegan_core.errors import CurveganError

    return CurveganError


def _open_what_is_closed() -> None:
    """Open the streams that `>&-` closed: Python has none then, and the next file opened would take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123  for as long as the process lives


def _let_go_of_stdout() -> None:
    """Throw away what is still in the buffer: Python would try it again at the exit, and complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(line: str, exit_code: int) -> NoReturn:
    from curvegan_cli.shown.output import inert, message

    line = inert(" ".join(line.split()))
    message(line if len(line) <= _MOST_SAID else f"{line[: _MOST_SAID // 2]} ... {line[-_MOST_SAID // 2 :]}")
    raise click.exceptions.Exit(exit_code)


def _with_hint(error: click.UsageError) -> str:
    problem = error.format_message().rstrip(".")
    return f"{problem}; see `{error.ctx.command_path} --help`" if error.ctx else problem


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"curvegan {version('curvegan')}")
        ctx.exit()


@click.group(
    cls=CurveganGroup,
    commands=Commands(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--home",
    envvar="CURVEGAN_HOME",
    show_envvar=True,
    type=click.Path(file_okay=False),
    help="Folder of the embedded store; without it, the user's data folder.",
)
@click.option(
    "--database-url", envvar="CURVEGAN_DATABASE_URL", show_envvar=True, metavar="URL", help="Where the jobs are kept."
)
@click.option(
    "--broker-url", envvar="CURVEGAN_BROKER_URL", show_envvar=True, metavar="URL", help="What wakes the workers."
)
@click.option(
    "--queue-prefix",
    envvar="CURVEGAN_QUEUE_PREFIX",
    show_envvar=True,
    metavar="NAME",
    help="What the names of its queues begin with; without it, curvegan.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show it.")
@click.pass_context
def main(ctx: click.Context, /, **settings: str | None) -> None:
    """Train GANs on curves as jobs, here or on many machines.

    Without any setting everything is embedded: a SQLite file, and a worker that starts with the first job. Settings
    come from options, else from the environment, else from [settings] of ./curvegan.toml or of the user's
    curvegan/config.toml.

    \b
    Examples:
      curvegan submit --lr 1e-4 --wait
      curvegan status
      curvegan fetch-plot last

    Exit codes: 0 done, 1 the job ended badly, 2 wrong input, 3 a service cannot be used, 130 interrupted or detached.
    """
    from curvegan.lab import Lab

    # A name that the terminal's encoding cannot show is spelled out, and no reason to fail.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    ctx.meta[PROTOCOL] = protocol(os.environ) if sys.stdout.isatty() else ""
    # Every notebook exports it, and matplotlib, of which only the rasteriser is used here, refuses what it lacks.
    os.environ.pop("MPLBACKEND", None)
    ctx.obj = Lab.of_environment(**settings)
    ctx.call_on_close(ctx.obj.close)


if "_CURVEGAN_COMPLETE" in os.environ:
    import curvegan_cli.options.shells  # noqa: F401  they register themselves, before click looks for a shell's
