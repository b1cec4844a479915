"""The pool of a worker: one thread that trains, while Celery's loop in the main thread goes on answering."""

from typing import Any

from celery.concurrency.thread import ApplyResult, TaskPool


class TrainingPool(TaskPool):  # type: ignore[misc]  # Celery has no types
    """Celery's thread pool, which tells the loop at once when the thread is free.

    The loop sleeps until something comes from the broker, up to ten seconds. It asks for the next message, and sends
    the events of the last, when it wakes.
    """

    _hub: Any = None

    def register_with_event_loop(self, hub: Any) -> None:
        """Remember the loop; each connection has one, and none where the broker is in memory."""
        self._hub = hub

    def on_apply(self, *args: Any, **options: Any) -> ApplyResult:
        """Have the thread run a task."""
        result = super().on_apply(*args, **options)
        result.f.add_done_callback(lambda _: self.wake())
        return result

    def wake(self) -> None:
        """Have the loop look around; from any other thread."""
        if self._hub:
            self._hub.call_soon(_nothing)


def _nothing() -> None:
    pass
