"""Bars of progress, each with a title, a count of its total, and figures: on a terminal, and in a notebook."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

from curvegan.showing.terminal import console
from curvegan.words import inert

if TYPE_CHECKING:
    from rich.progress import TaskID


def in_notebook() -> bool:
    """Return whether what is displayed is seen in a notebook: whether a Jupyter kernel runs this. Imports nothing."""
    shell = sys.modules.get("IPython")
    return getattr(shell.get_ipython() if shell else None, "kernel", None) is not None


class Bars(Protocol):
    """Bars by key; they are there inside of `with`."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
    def show(self, key: int, title: str, done: int, total: int, figures: str) -> None:
        """Bring a bar to where its work is."""


class TerminalBars:
    """Bars on the terminal of stderr."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        title, figures = (TextColumn(f"{{task.{text}}}", markup=False) for text in ("description", "fields[figures]"))
        # It is drawn when something changes; by itself rich draws ten times a second.
        shown = console(sys.stderr)
        self._bar = max(8, min(40, shown.width // 5))
        columns = title, BarColumn(self._bar), MofNCompleteColumn(), figures
        self.progress = Progress(*columns, console=shown, auto_refresh=False)
        self._tasks: dict[int, TaskID] = {}
        self._last: dict[int, _Bar] = {}

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.progress.stop()

    def show(self, key: int, title: str, done: int, total: int, figures: str) -> None:
        """Bring a bar to where its work is."""
        bar = _Bar(title, done, total, figures)
        if self._last.get(key) == bar:
            return
        self._last[key] = bar
        if key not in self._tasks:
            self._tasks[key] = self.progress.add_task(title, total=total, figures="")
        # The count is what people look for: where the line is narrow the name is cut, then the figures.
        title = _cut(inert(title), self.progress.console.width // 3)
        room = self.progress.console.width - len(f"{title} {done}/{total}  ") - self._bar - 1
        figures = _cut(inert(figures), room)
        self.progress.update(self._tasks[key], completed=done, total=total, description=title, figures=figures)
        self.progress.refresh()


def _cut(text: str, width: int) -> str:
    from rich.cells import cell_len, set_cell_size

    return text if cell_len(text) <= width else f"{set_cell_size(text, max(0, width - 1)).rstrip()}…"


class _Bar(NamedTuple):
    title: str
    done: int
    total: int
    figures: str

    def _repr_html_(self) -> str:
        from html import escape

        count = f"{self.done}/{self.total} {escape(self.figures)}"
        return f'{escape(self.title)} <progress value="{self.done}" max="{self.total}"></progress> {count}'

    def __repr__(self) -> str:
        return f"{self.title} {self.done}/{self.total} {self.figures}".rstrip()


class NotebookBars:
    """Bars below a notebook's cell, one display that changes for each."""

    def __init__(self) -> None:
        self._displays: dict[int, Any] = {}
        self._last: dict[int, _Bar] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the bars where they are: they say how far the work was."""

    def show(self, key: int, title: str, done: int, total: int, figures: str) -> None:
        """Bring a bar to where its work is."""
        bar = _Bar(title, done, total, figures)
        if key not in self._displays:
            self._displays[key] = sys.modules["IPython"].display.display(bar, display_id=True)
        elif bar != self._last[key]:
            self._displays[key].update(bar)
        self._last[key] = bar
