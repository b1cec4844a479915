"""Which jobs a person means: `17`, `3-9`, `last`, `all`, a name, or several of these; and which sweep.

Of several jobs or sweeps of one name the newest is meant. What is an id, a range, `last` or `all` is no name here.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from curvegan.lab import Lab
from curvegan_cli.options import completing
from curvegan_cli.options.filtering import where_option

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter
    from curvegan_db.store import Store

_WHOLE = re.compile(r"[1-9][0-9]{0,17}")
_FORMS = re.compile(r"(?P<first>[0-9]{1,18})(-(?P<end>[0-9]{1,18}))?|last|all")


def _check(value: str) -> str:
    match = _FORMS.fullmatch(value)
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
    match = _FORMS.fullmatch(selector)
    return selector == "all" or bool(match and match["end"])


def _check_sweep(ctx: click.Context, _: click.Parameter, value: str | None) -> int | None:
    """Return a sweep's id; what is no number is looked up. Raises SweepNotFound, InvalidInput."""
    if value is None or ctx.resilient_parsing:
        return None
    if _WHOLE.fullmatch(value):
        return int(value)
    lab = ctx.find_object(Lab)
    assert lab is not None
    return select_sweep(lab.store, value)


def select_sweep(store: "Store", selector: str) -> int:
    """Return the id of a sweep that is meant by id, `last`, or its name. Raises InvalidInput where there is none."""
    from curvegan_core.errors import InvalidInput

    if _WHOLE.fullmatch(selector):
        return int(selector)
    sweep_id = store.last_sweep() if selector == "last" else store.sweep_named(selector)
    if sweep_id is None:
        missing = "there is no sweep yet" if selector == "last" else f"no sweep is called {selector!r:.60}"
        raise InvalidInput(f"{missing}; `curvegan sweeps` lists all")
    return sweep_id


# The form of a selector is checked before any service is asked.
any_jobs = click.argument(
    "selectors", metavar="[ID]...", nargs=-1, callback=_check_some, shell_complete=completing.jobs
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
        if len(selectors) == 1 and not _FORMS.fullmatch(selectors[0]):
            selectors, sweep = _job_or_sweep(selectors[0])
        return command(*arguments, selection=Selection(selectors, sweep, where), **options)

    return any_jobs(sweep_option(where_option(selecting)))


def _job_or_sweep(name: str) -> tuple[tuple[str, ...], int | None]:
    """Return the job of this name as an id; where there is none, the sweep."""
    lab = click.get_current_context().find_object(Lab)
    assert lab is not None
    job_id = lab.store.job_named(name)
    if job_id is None and (sweep_id := lab.store.sweep_named(name)) is not None:
        return (), sweep_id
    return (name if job_id is None else str(job_id),), None


def select_one(store: "Store", selector: str) -> int:
    """Return the id of one job. Raises JobNotFound or InvalidInput where there is none such."""
    from curvegan_core.errors import InvalidInput

    ids = select(store, [selector])
    if len(ids) != 1:
        raise InvalidInput(f"{selector!r:.60} is a sweep of {len(ids)} jobs, and one job is meant: write its id")
    return ids[0]


def select(
    store: "Store",
    selectors: Sequence[str],
    states: Collection[str] = (),
    sweep: int | None = None,
    where: "Filter | None" = None,
) -> list[int]:
    """Return the ids of all that is selected, in the order typed; of a sweep or by a filter, the oldest first.

    Ranges and `all` take only the jobs in `states` (empty: every state), and skip ids that no job has; a job that is
    named by its own id is always taken, so that the caller can say why it cannot be.

    A filter leaves of them, without selectors of all jobs, those that match and are in `states`.

    Raises:
        JobNotFound: a single id that no job has.
        SweepNotFound: no sweep has this id.
        InvalidInput: a range without any job, `last` in an empty store, or a name that nothing has.
    """
    ids: dict[int, None] = {}
    for selector in selectors:
        ids.update(dict.fromkeys(_ids(store, selector, states)))
    if sweep is None and where is None:
        return list(ids)
    of_sweep = None if sweep is None else store.sweep(sweep).id
    among = ids if selectors else None
    jobs = store.jobs(ids=among, states=tuple(states), sweep=of_sweep, where=where, newest_first=False)
    return [job.id for job in jobs]


def _ids(store: "Store", selector: str, states: Collection[str]) -> list[int]:
    from curvegan_core.errors import InvalidInput

    if selector == "all":
        return [job.id for job in store.jobs(states=tuple(states), newest_first=False)]
    if selector == "last":
        last = store.last_id()
        if last is None:
            raise InvalidInput("there is no job yet; `curvegan submit` makes one")
        return [last]
    if not _FORMS.fullmatch(selector):
        return _named(store, selector, states)
    first, dash, end = selector.partition("-")
    return _range(store, int(first), int(end), states) if dash else [_existing(store, int(first))]


def _existing(store: "Store", job_id: int) -> int:
    from curvegan_db.errors import JobNotFound

    if not store.existing([job_id]):
        raise JobNotFound(job_id)
    return job_id


def _named(store: "Store", name: str, states: Collection[str]) -> list[int]:
    """Return the newest job of this name; where there is none, the jobs of the newest sweep of this name."""
    from curvegan_core.errors import InvalidInput

    job_id = store.job_named(name)
    if job_id is not None:
        return [job_id]
    sweep_id = store.sweep_named(name)
    if sweep_id is None:
        raise InvalidInput(f"no job is called {name!r:.60}: write an id, 3-9, last, all or a name of `curvegan status`")
    return [job.id for job in store.jobs(states=tuple(states), sweep=sweep_id, newest_first=False)]


def _range(store: "Store", first: int, end: int, states: Collection[str]) -> list[int]:
    from curvegan_core.errors import InvalidInput

    ids = sorted(store.existing(range(first, min(end, store.last_id() or 0) + 1)))
    if not ids:
        raise InvalidInput(f"there is no job from {first} to {end}; `curvegan status` lists all")
    return [job.id for job in store.jobs(ids=ids, states=tuple(states), newest_first=False)] if states else ids
