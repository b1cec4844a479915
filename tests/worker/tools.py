"""What an operator's tools do with a deployment's broker: ask its workers, and listen to what they tell."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from curvegan_worker.celery.isolation import IsolatedCelery
from curvegan_worker.celery.queues import transport_options
from curvegan_worker.settings import Settings

EVENTS = {"CURVEGAN_CELERY_EVENTS": "1"}


def tools(settings: Settings) -> IsolatedCelery:
    """A Celery application without a task, on the deployment's broker."""
    app = IsolatedCelery("tools")
    app.conf.update(broker_url=settings.broker_url, broker_transport_options=transport_options(settings))
    return app


@contextmanager
def listening(settings: Settings) -> Iterator[list[dict[str, Any]]]:
    """The events that come while the block runs."""
    events: list[dict[str, Any]] = []
    with tools(settings).connection_for_read() as connection:
        receiver = tools(settings).events.Receiver(connection, handlers={"*": events.append})
        ready = threading.Event()
        thread = threading.Thread(target=_capture, args=(receiver, ready), daemon=True)
        thread.start()
        assert ready.wait(10)
        yield events
        receiver.should_stop = True
        thread.join(10)


def _capture(receiver: Any, ready: threading.Event) -> None:
    for _ in receiver.itercapture(wakeup=False):
        ready.set()
        break
    receiver.capture(wakeup=False)
