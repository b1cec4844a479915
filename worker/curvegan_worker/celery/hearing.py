"""Whether Celery hears of work: a process tells it by a message, and trains by itself while no message gets through."""

import time

from curvegan_db.values import QueuedJob
from curvegan_worker.celery.broker import BrokerUnreachable
from curvegan_worker.outage import Outage
from curvegan_worker.settings import Settings

# How long the poll trains by itself before it tries the broker again.
_DEAF_S = 10.0
# So many messages in a row, a look of the poll apart, and none has made Celery train here.
_MOST_TOLD = 3


class Hearing:
    """The broker, as one process knows it; without a broker nobody hears, and Celery is not even imported."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._silence = Outage("the broker")
        self._times_told = 0
        self._deaf_until = time.monotonic()

    @property
    def is_deaf(self) -> bool:
        """Whether the poll is on its own."""
        return not self._settings.has_broker or time.monotonic() < self._deaf_until

    def settle(self) -> None:
        """Note that what was told of is done, or was heard."""
        self._times_told = 0

    def tell(self, job: QueuedJob) -> bool:
        """Send a message for the job. Returns whether Celery may still hear it.

        Who is idle takes a message at once: one that waits since the last look says that Celery is deaf. Another
        worker may have taken the last one; then it is sent again, but not for ever: the broker may lose them.
        """
        try:
            waits = self._publish(job) == 0
            if (waits and self._times_told) or self._times_told >= _MOST_TOLD:
                raise BrokerUnreachable("the broker does not deliver its messages")
        except BrokerUnreachable as error:
            self._silence.failed(error)
            self._deaf_until = time.monotonic() + _DEAF_S
            return False
        self._silence.passed()
        self._times_told += 1
        return True

    def pass_on(self, job: QueuedJob | None) -> None:
        """Wake the next worker where a job waits, unless a message waits there already. Raises BrokerUnreachable."""
        if job and self._settings.has_broker:
            self._publish(job)

    def _publish(self, job: QueuedJob) -> int:
        from curvegan_worker.celery.nudges import publish  # noqa: PLC0415  who works alone needs no Celery

        return publish(self._settings, [job], most_waiting=1)
