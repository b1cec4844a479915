"""Names on the broker: a queue for each device and engine, below a prefix of the deployment's own. Knows no job."""

from collections.abc import Iterable
from itertools import product

from kombu.entity import Exchange, Queue

from curvegan_db.values import ANY
from curvegan_worker.settings import Settings


def queue_for(settings: Settings, device: str, engine: str = ANY) -> Queue:
    """Return the queue of the jobs that want a device and an engine: `auto` is served by every CPU, CUDA by torch."""
    of_engine = f".{engine}" if engine != ANY and not device.startswith("cuda") else ""
    name = f"{settings.queue_prefix}.{'cpu' if device == 'auto' else device}{of_engine}"
    exchange = Exchange(settings.queue_prefix, type="direct")  # type: ignore[no-untyped-call]
    return Queue(name, exchange, routing_key=name)  # type: ignore[no-untyped-call]


def queues_for(settings: Settings, devices: Iterable[str], engines: Iterable[str]) -> list[Queue]:
    """Return the queues that a worker with these listens to: every job in them is for it."""
    wanted = product(devices, (ANY, *engines))
    queues = {queue.name: queue for queue in (queue_for(settings, *pair) for pair in wanted)}
    return list(queues.values())


def impatient(settings: Settings, timeout_s: float) -> dict[str, float | str]:
    """Return what the driver is told by who wants each answer of the broker within so many seconds, and asks once."""
    waits = {"socket_connect_timeout": timeout_s, "socket_timeout": timeout_s, "max_retries": 1, "interval_start": 0}
    return transport_options(settings) | waits


def transport_options(settings: Settings) -> dict[str, float | str]:
    """Return what the driver of the broker is told."""
    if not settings.has_broker:
        return {"polling_interval": 0.1}
    # Every key in Redis gets the prefix, also those that Celery names alike everywhere: the list of messages that
    # nobody has acknowledged, which each worker gives back after a time of its own, and the channels of events.
    own = {"global_keyprefix": f"{settings.queue_prefix}:"}
    return {"socket_connect_timeout": 2, "socket_keepalive": True, "health_check_interval": 10, **own}
