"""Messages that wake workers, sent in bounded time: a broker that is down or hangs never holds up who sends."""

import queue
import threading
from collections.abc import Sequence

from curvegan_db.values import QueuedJob
from curvegan_worker.celery.app import TRAIN, app
from curvegan_worker.celery.broker import BrokerUnreachable, fault
from curvegan_worker.celery.queues import impatient, queue_for
from curvegan_worker.settings import Settings

TIMEOUT_S = 1.0
"""How long the broker may take for one answer."""
# A machine on which fifty submit at once takes long for its own part, and that is no fault of the broker.
_PATIENCE_S = 10.0
MOST_NUDGES = 64


def nudge(settings: Settings, jobs: Sequence[QueuedJob]) -> str | None:
    """Wake workers for new jobs. Returns None when the broker took the nudges, or none is needed, else a warning."""
    if not settings.has_broker:
        return None
    try:
        publish(settings, jobs, MOST_NUDGES, _PATIENCE_S)
    except BrokerUnreachable as error:
        return f"{error}; the jobs are stored, and workers find them by themselves"
    return None


def publish(settings: Settings, jobs: Sequence[QueuedJob], most_waiting: int, patience_s: float = TIMEOUT_S) -> int:
    """Send a message for each job to the queue of its device, but let no more than so many wait there.

    More are of no use: whoever takes one sends the next while anything is queued.

    Returns:
        How many were sent.

    Raises:
        BrokerUnreachable: it did not take them, or not within `patience_s`.
    """
    import kombu.transport.redis  # noqa: F401, PLC0415  takes long on a busy machine, for which no broker is to blame

    answers: queue.SimpleQueue[int | str] = queue.SimpleQueue()
    # In a thread: a broker that is frozen holds whoever waits for it.
    threading.Thread(target=_try, args=(settings, jobs, most_waiting, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=patience_s)
    except queue.Empty:
        answer = "it does not answer"
    if isinstance(answer, str):
        raise BrokerUnreachable(f"the broker cannot be used ({answer})")
    return answer


def _try(
    settings: Settings, jobs: Sequence[QueuedJob], most_waiting: int, answers: "queue.SimpleQueue[int | str]"
) -> None:
    try:
        answers.put(_publish(settings, jobs, most_waiting))
    except Exception as error:  # noqa: BLE001  whatever its client raises, the broker cannot be used
        answers.put(fault(error, settings.broker_url))


def _publish(settings: Settings, jobs: Sequence[QueuedJob], most_waiting: int) -> int:
    room: dict[str, int] = {}
    sent = 0
    options = impatient(settings, TIMEOUT_S)
    with app.connection_for_write(
        settings.broker_url, connect_timeout=TIMEOUT_S, transport_options=options
    ) as connection:
        for job in jobs:
            target = queue_for(settings, job.device, job.engine)
            if target.name not in room:
                declared = target(connection.default_channel).queue_declare()  # type: ignore[no-untyped-call]
                room[target.name] = most_waiting - declared.message_count
            if room[target.name] > 0:
                app.send_task(TRAIN, args=[job.id], queue=target, connection=connection, retry=False)
                room[target.name] -= 1
                sent += 1
    return sent
