"""curvegan db: the schema of the results store; and old jobs deleted, the best kept."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curvegan.comparing.keys import larger_is_better
from curvegan.lab import Lab
from curvegan.watching.job_fields import ENDED
from curvegan.words import plural
from curvegan_cli.options import pass_lab
from curvegan_cli.options.filtering import metric_option
from curvegan_cli.options.values import Whole
from curvegan_cli.shown.output import Pairs, console, emit, form_options, message

if TYPE_CHECKING:
    from datetime import timedelta

    from curvegan_db.store import Store
    from curvegan_db.verbs.upkeep.pruning import Prunable, Pruning

_INTERRUPTED, _MOST_TOLD = 130, 10


@click.group()
def db() -> None:
    """Look after the results store.

    \b
    Example:
      curvegan db status
    """


@db.command()
@pass_lab
def upgrade(lab: Lab) -> None:
    """Bring the database to this version's schema.

    Nothing happens where it is there already.

    \b
    Example:
      curvegan --database-url postgresql+psycopg://me@host/curvegan db upgrade
    """
    from curvegan_db.sql import migrate

    with lab.engine() as engine:
        schema = migrate.upgrade(engine)
    click.echo(f"The database is at {schema.current}.")


@db.command()
@form_options("table", "json")
@pass_lab
def status(lab: Lab, form: str) -> None:
    """Say where the database is and at which schema.

    The exit code is 3 where that is not this version's.

    \b
    Example:
      curvegan db status -o json
    """
    from curvegan_db.sql import migrate
    from curvegan_db.sql.database import shown_url

    with lab.engine() as engine:
        schema = migrate.status(engine)
        facts = {"database": shown_url(engine), "schema": schema.current, "needed": schema.head}
        emit(
            form, text=lambda: [Pairs([(name, fact or "none yet") for name, fact in facts.items()])], json=lambda: facts
        )
        migrate.check(engine)


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_lab
def backup(lab: Lab, file: Path) -> None:
    """Write the whole store into a new file, as of one moment.

    The file is a SQLite database, whichever database the store lies in. Workers go on meanwhile.

    \b
    Example:
      curvegan db backup monday.db
    """
    from curvegan_db.sql import migrate
    from curvegan_db.verbs.upkeep.backups import back_up

    with lab.engine() as engine:
        migrate.check(engine)
        rows = back_up(engine, file)
    click.echo(f"{file}: {plural(rows['jobs'], 'job')} with all that came of them.")


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_lab
def restore(lab: Lab, file: Path, yes: bool) -> None:
    """Put the store back to what a backup has; what is newer is lost.

    It happens in one transaction, also while workers train: they are fenced out, and go on with what is restored. Jobs
    that were running go back to the queue, and on from their last checkpoints. Without tables they are made.

    \b
    Example:
      curvegan db restore monday.db --yes
    """
    from curvegan_db.verbs.upkeep.backups import restore as put_back
    from curvegan_db.verbs.upkeep.histories import holes

    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody is there to be asked: say --yes")
        click.confirm("Replace all that is in the store?", abort=True, err=True)
    with lab.engine() as engine:
        rows = put_back(engine, file)
        damaged = list(holes(engine))
    click.echo(f"The store has the {rows['jobs']} jobs of {file}.")
    for job, lacks in damaged[:_MOST_TOLD]:
        message(f"Job {job} came without {lacks}, as it is in the file; `curvegan retry {job}` trains it again.")
    if len(damaged) > _MOST_TOLD:
        message(f"So did {len(damaged) - _MOST_TOLD} more.")


def _age(_: click.Context, __: click.Parameter, text: str) -> "timedelta":
    from curvegan_db.filters.catalogue import FIELDS

    try:
        age: timedelta = FIELDS["age"].read(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time: write 90s, 5min, 12h or 30d") from None
    return age


@db.command()
@click.option(
    "--older-than", metavar="TIME", required=True, callback=_age, help="Since they ended: 30d, 12h, 5min or 90s."
)
@click.option(
    "--keep-best", type=Whole(0, 100_000), default=0, show_default=True, metavar="N",
    help="Spare the best N of all jobs, and the best N of each sweep.",
)  # fmt: skip
@metric_option("--by")
@click.option("--state", "states", multiple=True, type=click.Choice(ENDED), help="Only these; several times for more.")
@click.option("--vacuum", is_flag=True, help="SQLite: give the space back to the disk, too.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@form_options("table", "json")
@pass_lab
def prune(lab: Lab, /, older_than: "timedelta", dry_run: bool, yes: bool, form: str, **given: Any) -> None:
    """Delete old jobs, with all that came of them.

    Only jobs that have ended go, never queued or running ones. They go some at a time, so that workers go on
    meanwhile; after Ctrl-C those that are gone stay gone, and the same command goes on.

    \b
    Examples:
      curvegan db prune --older-than 30d --keep-best 10 --dry-run
      curvegan db prune --older-than 7d --state failed --state cancelled --yes
    """
    if not (dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError("nobody is there to be asked: say --yes, or --dry-run to look first")
    store, pruning = lab.store, _pruning(older_than, given)
    if given["vacuum"] and store.engine.dialect.name != "sqlite":
        raise click.UsageError("--vacuum is for SQLite; PostgreSQL's autovacuum frees the space for new jobs by itself")
    prunable = store.prunable(pruning)
    deleted = 0 if dry_run or not _agreed(prunable, yes) else _delete(store, pruning, prunable)
    if given["vacuum"] and not dry_run:
        store.vacuum()
    facts = {"jobs": len(prunable.ids), "bytes": prunable.size, "kept_best": prunable.kept, "deleted": deleted}
    pairs = [
        ("jobs to delete" if dry_run else "jobs deleted", str(len(prunable.ids) if dry_run else deleted)),
        ("bytes of results", _bytes(prunable.size if dry_run or deleted else 0)),
        ("spared as the best", str(prunable.kept)),
    ]
    emit(form, text=lambda: [Pairs(pairs)], json=lambda: facts | {"dry_run": dry_run})


def _pruning(older_than: "timedelta", given: dict[str, Any]) -> "Pruning":
    from curvegan_core.errors import InvalidInput
    from curvegan_db.verbs.upkeep.pruning import Pruning

    largest = larger_is_better(given["metric"])
    if largest is None:
        raise InvalidInput(
            f"neither end of {given['metric'].name} is the better one; keep the best --by another metric"
        )
    return Pruning(older_than, given["states"] or ENDED, given["keep_best"], given["metric"], largest)


def _agreed(prunable: "Prunable", yes: bool) -> bool:
    if yes or not prunable.ids:
        return True
    return click.confirm(
        f"Delete {plural(len(prunable.ids), 'job')} with {_bytes(prunable.size)} of results?", err=True
    )


def _delete(store: "Store", pruning: "Pruning", prunable: "Prunable") -> int:
    deleted = 0
    try:
        for count in _with_bar(store.prune(pruning, prunable.ids), len(prunable.ids)):
            deleted += count
    except KeyboardInterrupt:
        message(f"Interrupted: {deleted} of {len(prunable.ids)} jobs are deleted, the others are as they were.")
        raise click.exceptions.Exit(_INTERRUPTED) from None
    return deleted


def _with_bar(counts: Iterable[int], total: int) -> Iterable[int]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("deleting jobs"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console(sys.stderr), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=total)
        for count in counts:
            bar.advance(task, count)
            yield count


def _bytes(size: int) -> str:
    """Return bytes in the largest unit that fits, as in `12.3 MB`."""
    for unit, length in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= length:
            return f"{size / length:.1f} {unit}"
    return f"{size} bytes"
