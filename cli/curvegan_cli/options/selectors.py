"""Which jobs a person means: `17`, `3-9`, `last`, `all`, a name, or several of these; and which sweep.

Of several jobs or sweeps of one name the newest is meant. What is an id, a range, `last` or `all` is no name here.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from curvegan.lab import Lab
from curvegan.selecting import FORMS, WHOLE
from curvegan.selecting import select as select
from curvegan.selecting import select_one as select_one
from curvegan.selecting import select_sweep as select_sweep
from curvegan_cli.options import completing
from curvegan_cli.options.filtering import where_option

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter
    from curvegan_db.store import Store


def _check(value: str) -> str:
    match = FORMS.fullmatch(value)
    if match and match["end"] and int(match["end"]) < int(match["first"]):
        raise click.BadParameter(f"{value!r} is empty: the smaller id comes first")
    return value


def _check_some(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_check, values))


def _check_one(_: click.Context, __: click.Parameter, value: str) -> str:
    if _several(_check(value)):
        raise click.BadParameter(f"{value!r} is more than one job: write 17, last or a name")
    return value


def _several(selector: str) -> bool:
    match = FORMS.fullmatch(selector)
    return selector == "all" or bool(match and match["end"])


def _check_sweep(ctx: click.Context, _: click.Parameter, value: str | None) -> int | None:
    """Return a sweep's id; what is no number is looked up. Raises SweepNotFound, InvalidInput."""
    if value is None or ctx.resilient_parsing:
        return None
    if WHOLE.fullmatch(value):
        return int(value)
    lab = ctx.find_object(Lab)
    assert lab is not None
    return select_sweep(lab.store, value)


# The form of a selector is checked before any service is asked.
any_jobs = click.argument(
    "selectors", metavar="[ID]...", nargs=-1, callback=_check_some, shell_complete=completing.jobs
)
_jobs_or_a_sweep = click.argument(
    "selectors", metavar="[ID]...", nargs=-1, callback=_check_some, shell_complete=completing.jobs_or_sweeps
)
one_job = click.argument("selector", metavar="ID", callback=_check_one, shell_complete=completing.jobs)
sweep_option = click.option(
    "--sweep", metavar="ID", callback=_check_sweep, shell_complete=completing.sweeps,
    help="The jobs of a sweep: its id, last, or its name.",
)  # fmt: skip


@dataclass(frozen=True)
class Selection:
    """Which jobs a command is about: selectors or a sweep, and a filter of these or of all."""

    selectors: tuple[str, ...]
    sweep: int | None
    where: "Filter | None"

    @property
    def whole_sweep(self) -> int | None:
        """The sweep if all of it is meant, None for jobs."""
        return None if self.where else self.sweep

    @property
    def live_only(self) -> bool:
        """Whether jobs that have ended are not meant, for who waits for an end."""
        return "all" in self.selectors or self.where is not None

    @property
    def named(self) -> bool:
        """Whether a job is meant by its own id or as the last, rather than as one of many."""
        return not all(map(_several, self.selectors))

    def ids(self, store: "Store", states: Collection[str] = ()) -> list[int]:
        """Return the ids of the jobs that are meant, as `select` does."""
        return select(store, self.selectors, states, self.sweep, self.where)


def jobs_or_sweep(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add some jobs, or a sweep in their place, and a filter of these or of all: the command's `selection`."""

    @wraps(command)
    def selecting(
        *arguments: Any, selectors: tuple[str, ...], sweep: int | None, where: "Filter | None", **options: Any
    ) -> Any:
        if (selectors and sweep is not None) or not (selectors or sweep is not None or where):
            raise click.UsageError(
                "give either the ID of jobs, as in 17 or all, or of a sweep, as in --sweep 3, or a filter with --where"
            )
        if len(selectors) == 1 and not FORMS.fullmatch(selectors[0]):
            selectors, sweep = _job_or_sweep(selectors[0])
        return command(*arguments, selection=Selection(selectors, sweep, where), **options)

    return _jobs_or_a_sweep(sweep_option(where_option(selecting)))


def _job_or_sweep(name: str) -> tuple[tuple[str, ...], int | None]:
    """Return the job of this name as an id; where there is none, the sweep."""
    lab = click.get_current_context().find_object(Lab)
    assert lab is not None
    job_id = lab.store.job_named(name)
    if job_id is None and (sweep_id := lab.store.sweep_named(name)) is not None:
        return (), sweep_id
    return (name if job_id is None else str(job_id),), None
