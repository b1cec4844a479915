"""Whether the broker answers: a message of our own there and back. Knows no job and no worker."""

import queue
import threading
import time
import uuid
from urllib.parse import urlsplit

from curvegan_core.errors import ServiceUnavailable
from curvegan_worker.settings import Settings

TIMEOUT_S = 2.0


class BrokerUnreachable(ServiceUnavailable):
    """The broker does not answer, or does not give back what it took."""


def shown_broker(url: str) -> str:
    """Return the broker's URL for people: without password and query. Of several, for fail-over, the first."""
    parts = urlsplit(url.split(";")[0])
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{host}{parts.path}"


def round_trip(settings: Settings, timeout_s: float = TIMEOUT_S) -> float:
    """Look at our own queue, and send a message through one that nobody else knows, and receive it.

    Returns:
        The seconds that took.

    Raises:
        BrokerUnreachable: within the time it did not come back.
    """
    answers: queue.SimpleQueue[float | str] = queue.SimpleQueue()
    # In a thread: a broker that is frozen holds whoever waits for it.
    threading.Thread(target=_try, args=(settings, timeout_s, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s + 1)
    except queue.Empty:
        answer = "it does not answer"
    if isinstance(answer, str):
        raise BrokerUnreachable(f"cannot use the broker {shown_broker(settings.broker_url)}: {answer}")
    return answer


def _try(settings: Settings, timeout_s: float, answers: "queue.SimpleQueue[float | str]") -> None:
    try:
        answers.put(_there_and_back(settings, timeout_s))
    except queue.Empty:
        answers.put("it took a message and did not give it back")
    except Exception as error:  # noqa: BLE001  whatever its client raises, the broker cannot be used
        answers.put(fault(error, settings.broker_url))


def fault(error: Exception, url: str) -> str:
    """Return what a broker's driver raised in a line, without the password."""
    secret = urlsplit(url).password
    text = " ".join(f"{type(error).__name__} {error}".split())[:200]
    return text.replace(secret, "***") if secret else text


def _there_and_back(settings: Settings, timeout_s: float) -> float:
    from curvegan_worker.celery.app import app  # noqa: PLC0415  Celery is not needed to ask for help
    from curvegan_worker.celery.queues import impatient, queue_for  # noqa: PLC0415

    started, name = time.monotonic(), f"curvegan.check.{uuid.uuid4().hex}"
    with (
        app.connection_for_write(
            settings.broker_url, connect_timeout=timeout_s, transport_options=impatient(settings, timeout_s)
        ) as connection,
        connection.SimpleQueue(name, serializer="json", accept=["json"]) as private,
    ):
        queue_for(settings, "auto")(connection.default_channel).declare()  # type: ignore[no-untyped-call]
        private.put(name)
        private.get(timeout=timeout_s).ack()
        private.queue.delete()
    return time.monotonic() - started
