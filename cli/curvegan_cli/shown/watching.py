"""The screen of `status --watch`: counts and the time left on top, then the jobs, as many as there is room for."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from curvegan.showing.progress import last_seen
from curvegan.watching.following import followed, starter
from curvegan.watching.job_fields import STATES
from curvegan.watching.remarks import Awaited
from curvegan.watching.sparing import Sparing
from curvegan.watching.sweep_fields import estimate
from curvegan.words import plural
from curvegan_cli.shown.columns import jobs_grid
from curvegan_cli.shown.job_drawing import drawn_curves, drawn_losses
from curvegan_cli.shown.output import console, grid_text, inert
from curvegan_cli.shown.tables import cut

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from curvegan.lab import Lab
    from curvegan_db.store import Store
    from curvegan_db.verbs.looking.standing import Standing

# The heading of the table and its rule; what a drawing takes beside its rows: a blank line, a title, the scale.
_HEAD, _BESIDE = 2, 3
_LEAST_ROWS, _MOST_ROWS = 5, 10


def watch(
    lab: "Lab", look: "Callable[[int], Standing]", heading: Sequence[str] = (), start_worker: bool = False
) -> None:
    """Show what `look` sees, which is told how many jobs there is room for, until Ctrl-C.

    `start_worker` keeps a background worker alive, while there are jobs for one, where the store is embedded.
    """
    from rich.live import Live
    from rich.text import Text

    screen, store = console(sys.stdout), lab.store

    def start() -> str | None:
        return lab.start_worker() if store.is_anything_live() else None

    keeping = start if starter(lab, start_worker) else None
    # Its stdout would have no encoding, by which a drawing chooses its characters.
    with Live(console=screen, auto_refresh=False, vertical_overflow="crop", redirect_stdout=False) as live:
        shown: list[list[Text]] = [[]]

        def show(lines: "list[Text]") -> None:
            if lines is shown[0]:
                return
            shown[0] = lines
            live.update(Text("\n", no_wrap=True, overflow="crop").join(lines), refresh=True)

        seen = partial(_screen, store, Watched(store, look), heading, screen)
        drawn = Sparing(seen, lambda: (store.pulse(), screen.size), rests=False)
        last_seen(followed(store, drawn, awaited=Awaited(store), start=keeping), show)


class Watched:
    """Sees how jobs stand: the first of them as they are now, their number as it was when it was counted last."""

    def __init__(self, store: "Store", look: "Callable[[int], Standing]") -> None:
        self._store, self._look = store, look
        self._room = 0
        self._counted: Sparing[Standing] | None = None

    def __call__(self, room: int) -> "Standing":
        """Look, with room for so many jobs."""
        if self._counted is None or room != self._room:
            self._room, self._counted = room, Sparing(partial(self._look, room), self._store.pulse)
        seen = self._counted()
        now = {job.id: job for job in self._store.jobs(ids=[job.id for job in seen.jobs])}
        return replace(seen, jobs=[now[job.id] for job in seen.jobs if job.id in now])


def _screen(
    store: "Store", look: "Callable[[int], Standing]", heading: Sequence[str], screen: "Console"
) -> "list[Text]":
    from rich.text import Text

    # The last line of a terminal stays free for the cursor.
    room = screen.height - 1
    top = [inert(line) for line in heading]
    standing = look(max(room - len(top) - 1 - _HEAD, 1))
    top.append(_counts(store, standing))
    missing = sum(standing.states.values()) - len(standing.jobs)
    grid = jobs_grid(store, standing.jobs[:-1] if missing and len(standing.jobs) > 1 else standing.jobs)
    lines = [*(Text(cut(line, screen.width)) for line in top), *grid_text(grid, screen.width)[0]]
    if missing:
        missing += 1 if len(standing.jobs) > 1 else 0
        lines.append(Text(cut(f"and {missing} more", screen.width), style="dim"))
    if grid.remark:
        lines.append(Text(cut(grid.remark, screen.width)))
    return [*lines, *(Text(line) for line in _drawings(store, standing, room - len(lines)))]


def _counts(store: "Store", standing: "Standing") -> str:
    counts = [f"{standing.states[state]} {state}" for state in _ORDER if standing.states.get(state)]
    left = f"; left: {estimate(store, standing.steps_left)}" if standing.steps_left else ""
    return f"{plural(sum(standing.states.values()), 'job')}: {', '.join(counts) or 'none'}{left}"


# What moves comes first.
_ORDER = ("running", "lost", "queued", *(state for state in STATES if state not in ("running", "lost", "queued")))


def _drawings(store: "Store", standing: "Standing", room: int) -> Iterator[str]:
    """Draw the first job where there is room left: its curves, and with more room its losses above them."""
    if not standing.jobs:
        return
    for draw, least in ((drawn_curves, _LEAST_ROWS), (drawn_losses, _LEAST_ROWS)):
        rows = min(room - _BESIDE, _MOST_ROWS)
        lines = draw(store, standing.jobs[0], rows) if rows >= least else []
        if lines:
            yield from ["", f"job {standing.jobs[0].id}: {lines[0]}", *lines[1:]]
            room -= len(lines) + 1
