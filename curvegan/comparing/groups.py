"""Jobs in groups that share some values, and what numbers of a group come to."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from curvegan.comparing.keys import key_field

if TYPE_CHECKING:
    from curvegan_db.filters.fields import JobField
    from curvegan_db.filters.language import Filter
    from curvegan_db.store import Store

Key = tuple[Any, ...]
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Quartiles:
    """How many numbers there are, and their quartiles; None where there is none."""

    count: int
    q25: float | None = None
    median: float | None = None
    q75: float | None = None


@dataclass(frozen=True)
class Group:
    """Jobs with the same values of the keys: how many, their metrics in the order asked for, their verdicts, and how
    many steps those saved that stopped early.
    """

    key: Key
    jobs: int
    metrics: list[Quartiles]
    verdicts: dict[str, int]
    steps_saved: int = 0


def summed_up(
    store: "Store", keys: Sequence[str], metrics: Sequence["JobField"], where: "Filter | None"
) -> list[Group]:
    """Return jobs in groups of the same values of the keys, with what came of them. Raises InvalidInput."""
    from curvegan_db.filters.catalogue import FIELDS

    facts = [FIELDS[name] for name in ("verdict", "state", "stop", "step", "steps")]
    rows = store.values([*map(key_field, keys), *facts, *metrics], where)
    return [_group(key, members) for key, members in grouped(rows, len(keys)).items()]


def _group(key: Key, members: Sequence[Row]) -> Group:
    verdicts, states, stops, steps, ends, *columns = zip(*members, strict=True)
    ended = zip(states, stops, steps, ends, strict=True)
    saved = sum(int(end - step) for state, stop, step, end in ended if state == "succeeded" and stop != "none")
    return Group(key, len(members), [quartiles(column) for column in columns], counted(verdicts), saved)


def group_rows(
    groups: Sequence[Group], keys: Sequence[str], metrics: Sequence[str]
) -> tuple[list[str], list[list[Any]]]:
    """Return groups as one table for programs: its header, and a row for each."""
    verdicts = sorted({verdict for group in groups for verdict in group.verdicts})
    figures = [f"{metric}_{name}" for metric in metrics for name in ("count", "q25", "median", "q75")]
    some_saved = any(group.steps_saved for group in groups)
    rows = []
    for group in groups:
        measured = [figure for quartiles in group.metrics for figure in vars(quartiles).values()]
        rows.append([*group.key, group.jobs, *measured, *(group.verdicts.get(verdict, 0) for verdict in verdicts)])
        rows[-1] += [group.steps_saved] if some_saved else []
    words = [f"verdict {verdict}" for verdict in verdicts]
    return [*keys, "jobs", *figures, *words, *(["steps_saved"] if some_saved else [])], rows


def quartiles(values: Iterable[float | None]) -> Quartiles:
    """Return the quartiles of the numbers that are there, interpolated between two where they fall between."""
    import numpy as np

    known = [value for value in values if value is not None]
    if not known:
        return Quartiles(0)
    return Quartiles(len(known), *(float(value) for value in np.percentile(known, (25, 50, 75))))


def grouped(rows: Iterable[Row], keys: int) -> dict[Key, list[Row]]:
    """Return the rows by their first so many values, in the order of those, without them."""
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[:keys], []).append(row[keys:])
    return {key: groups[key] for key in sorted(groups, key=_order)}


def counted(words: Iterable[str | None]) -> dict[str, int]:
    """Return how often each word is there, the most frequent first."""
    counts = Counter(word for word in words if word is not None)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def said(counts: Mapping[str, int]) -> str:
    """Return counts in a line, `12 converged, 4 oscillating`."""
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def _order(key: Key) -> list[tuple[int, Any]]:
    """Sort numbers before words before nothing, so that any two keys can be compared."""
    return [(2, 0) if value is None else (int(isinstance(value, str)), value) for value in key]
