"""Write a result to a file: whole or not at all, and never over something by surprise."""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click

from curvegan.results.picture import DPI

STDOUT = Path("-")

force_option = click.option("--force", is_flag=True, help="Overwrite the file if it is there.")


def output_option(default: str) -> Callable[[Any], Any]:
    """Add `--output`; `default` says which name a file has without it, or that it is stdout."""
    destination = default if default.startswith("stdout") else f"{default} in the current folder"
    return click.option(
        "--output",
        type=click.Path(path_type=Path, allow_dash=True),
        metavar="FILE|-",
        help=f"Where to write it, - for stdout; without it {destination}.",
    )


# What a picture can be written as, by the ending of its file's name.
PICTURES = (".png", ".svg", ".pdf")


def picture_option(default: str | None) -> Callable[[Any], Any]:
    """Add `--output` for a picture, whose form is what the ending of the name says; without a default it is extra."""

    def check(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
        if path is not None and path != STDOUT and path.suffix.lower() not in PICTURES:
            named = f"ends in {path.suffix}" if path.suffix else "has no ending"
            endings = " or ".join(PICTURES)
            raise click.BadParameter(f"{str(path)!r:.80} {named}, and a picture is written as {endings}")
        return path

    return click.option(
        "--output",
        type=click.Path(path_type=Path, allow_dash=True),
        metavar=f"FILE{'|'.join(PICTURES)}|-",
        callback=check,
        help=f"Where to write it, - for stdout as PNG; without it {default} in the current folder."
        if default
        else "Draw them into this file, too.",
    )


dpi_option = click.option(
    "--dpi",
    type=click.IntRange(*DPI),
    help="Pixels to the inch of a PNG file; 120 without it. SVG and PDF have none.",
)


def picture_form(path: Path | None, dpi: int | None) -> str:
    """Return what a picture is written as, by the ending of its name. Raises UsageError for `--dpi` without pixels."""
    form = path.suffix[1:].lower() if path and path != STDOUT else "png"
    if dpi and form != "png":
        raise click.UsageError(f"--dpi is for PNG; lines of {form.upper()} are sharp at any size, leave it out")
    return form


def check_writable(path: Path, force: bool) -> None:
    """Find out before any work whether `write` would refuse. Raises InvalidInput."""
    if path == STDOUT:
        _check_stdout()
        return
    try:
        _check_path(path, force)
    except OSError as error:
        _refuse_for(path, error)


def _check_path(path: Path, force: bool) -> None:
    if path.is_dir():
        _refuse(f"{path} is a folder; give a file name, as in --output {path / 'file'}")
    if not path.parent.is_dir():
        _refuse(f"{path} cannot be written: there is no folder {path.parent}; make it first")
    there = os.path.lexists(path)
    if there and not path.is_file():
        _refuse(f"{path} is no regular file; give another name, or - for stdout")
    if there and not force:
        _refuse_to_overwrite(path)


def write(path: Path, data: bytes, force: bool) -> None:
    """Write `data`, to stdout for `-`. Raises InvalidInput as `opened` does."""
    with opened(path, force) as file:
        file.write(data)


def deliver(path: Path, data: bytes, force: bool) -> None:
    """Write `data` and print where it is. Raises InvalidInput as `opened` does."""
    write(path, data, force)
    if path != STDOUT:
        click.echo(path)


@contextmanager
def opened(path: Path, force: bool) -> Iterator[BinaryIO]:
    """Open a file to write to, stdout for `-`. It appears whole at the end; a failure leaves nothing behind.

    Raises:
        InvalidInput: the path cannot be written, or is there and `force` is not given.
    """
    check_writable(path, force)
    if path == STDOUT:
        yield sys.stdout.buffer
        return
    # Not named by the process: in containers that share a folder all processes may have the same id.
    part = path.with_name(f".curvegan-{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _move(part, path, force)
    except FileExistsError:
        _refuse_to_overwrite(path)
    except OSError as error:
        _refuse_for(path, error)
    finally:
        part.unlink(missing_ok=True)


def _move(part: Path, path: Path, force: bool) -> None:
    """Move it by renaming; without force by a link, which fails where a file has appeared in between."""
    if force:
        part.replace(path)
        return
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        part.replace(path)


def _check_stdout() -> None:
    if sys.stdout.isatty():
        _refuse("this is not for a terminal; send it to a file with --output FILE, or into a pipe")


def _refuse_to_overwrite(path: Path) -> NoReturn:
    _refuse(f"{path} is there already; give another name with --output, or --force to overwrite it")


def _refuse_for(path: Path, error: OSError) -> NoReturn:
    _refuse(f"{path} cannot be written: {error.strerror}; give another place with --output")


def _refuse(text: str) -> NoReturn:
    from curvegan_core.errors import InvalidInput

    raise InvalidInput(text)
