"""What keeps jobs from getting on, for who waits for them: said when it has lasted, and again after a minute."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from curvegan.watching.reasons import COMPILES, NEW_KERNEL, SILENT_S, is_starting, lacking, trains_here
from curvegan.watching.sparing import Sparing
from curvegan.words import sentence

if TYPE_CHECKING:
    from curvegan_db.store import Store
    from curvegan_db.values import Need, Worker

REPEAT_S = 60.0
_SILENT = (
    "The worker {} is not heard of: what it trained goes on elsewhere once its lease has run out, within half a minute."
)


@dataclass(frozen=True)
class Remark:
    """Something to tell who follows.

    `kind` is away or back (the database), waits or comes (jobs, for what is not here, or may be about to come up),
    starting (a worker), claimed (a job that has not begun for a while), silent (a worker), no_worker or pace (none is
    known). What is remarked for the same `cause` is the same remark, though the text counts other jobs.
    """

    kind: str
    text: str
    cause: str = field(default="", compare=False)


class Awaited:
    """The jobs that somebody waits for: these, which may become fewer, those of a sweep, or all."""

    def __init__(self, store: "Store", ids: Collection[int] | None = None, sweep: int | None = None) -> None:
        self._store, self._ids, self._sweep = store, ids, sweep
        self._needs = Sparing(partial(store.needs, ids, sweep), store.newest_event)

    def remarks(self) -> list[Remark]:
        """Return what keeps them from getting on."""
        needs, workers = self._needs(), self._store.workers()
        if missing := lacking(needs, workers):
            failing = any(worker.state == "failing" for worker in workers)
            return [_missed(need, text, failing) for need, text in missing.items()]
        holders = [worker for worker in workers if self._are_among(worker.jobs)]
        if any(worker.state == "starting" for worker in holders):
            return [Remark("claimed", f"A worker has it, and has not begun to train it: {NEW_KERNEL}.")]
        if any(is_starting(need, workers) for need in needs):
            return [Remark("starting", f"The worker is starting: {COMPILES}.")]
        return self._silent(holders)

    def _silent(self, holders: "Sequence[Worker]") -> list[Remark]:
        since = self._store.time() - timedelta(seconds=SILENT_S)
        return [Remark("silent", _SILENT.format(one.label)) for one in holders if one.beat_at < since]

    def _are_among(self, ids: Collection[int]) -> bool:
        """Return whether one of these jobs is awaited."""
        ours = ids if self._ids is None else set(ids).intersection(self._ids)
        return bool(ours) and bool(self._sweep is None or self._store.chosen(ours, sweep=self._sweep))


def _missed(need: "Need", text: str, failing: bool) -> Remark:
    kind = "comes" if trains_here(need) and not failing else "waits"
    return Remark(kind, sentence(text), f"{need.device} {need.engine}")


class Patience:
    """Lets a remark through when it was made for so many seconds, by kind, and again every REPEAT_S."""

    def __init__(self, patience: Mapping[str, float]) -> None:
        self._patience = patience
        self._since: dict[tuple[str, str], float] = {}
        self._said: dict[tuple[str, str], float] = {}

    def due(self, remarks: Sequence[Remark]) -> list[Remark]:
        """Return those of the remarks made now that are to be said."""
        now = time.monotonic()
        made = {(remark.kind, remark.cause or remark.text): remark for remark in remarks}
        self._since = {key: self._since.get(key, now) for key in made}
        held = [key for key, since in self._since.items() if now - since >= self._patience.get(key[0], 0.0)]
        due = [key for key in held if now - self._said.get(key, -REPEAT_S) >= REPEAT_S]
        self._said |= dict.fromkeys(due, now)
        return [made[key] for key in due]
