"""Which jobs are meant by what somebody says of them: an id, `last`, a name, a range, `all`; and which sweep.

Of several jobs or sweeps of one name the newest is meant. What is an id, a range, `last` or `all` is no name here.
"""

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curvegan_db.filters.language import Filter
    from curvegan_db.store import Store

WHOLE = re.compile(r"[1-9][0-9]{0,17}")
FORMS = re.compile(r"(?P<first>[0-9]{1,18})(-(?P<end>[0-9]{1,18}))?|last|all")


def select_sweep(store: "Store", selector: str) -> int:
    """Return the id of a sweep that is meant by id, `last`, or its name. Raises InvalidInput where there is none."""
    from curvegan_core.errors import InvalidInput

    if WHOLE.fullmatch(selector):
        return int(selector)
    sweep_id = store.last_sweep() if selector == "last" else store.sweep_named(selector)
    if sweep_id is None:
        missing = "there is no sweep yet" if selector == "last" else f"no sweep is called {selector!r:.60}"
        raise InvalidInput(f"{missing}; `curvegan sweeps` lists all")
    return sweep_id


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
    return store.chosen(among, tuple(states), of_sweep, where)


def _ids(store: "Store", selector: str, states: Collection[str]) -> list[int]:
    from curvegan_core.errors import InvalidInput

    if selector == "all":
        return store.chosen(states=tuple(states))
    if selector == "last":
        last = store.last_id()
        if last is None:
            raise InvalidInput("there is no job yet; `curvegan submit` makes one")
        return [last]
    if not FORMS.fullmatch(selector):
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
    return store.chosen(states=tuple(states), sweep=sweep_id)


def _range(store: "Store", first: int, end: int, states: Collection[str]) -> list[int]:
    from curvegan_core.errors import InvalidInput

    ids = sorted(store.existing(range(first, min(end, store.last_id() or 0) + 1)))
    if not ids:
        raise InvalidInput(f"there is no job from {first} to {end}; `curvegan status` lists all")
    return store.chosen(ids, tuple(states)) if states else ids
