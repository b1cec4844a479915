"""What a worker answers when an operator's tool asks: questions, and no orders. Imported where that is wished for."""

from celery.worker.control import Panel

QUESTIONS = {
    *("ping", "stats", "active", "active_queues", "registered", "reserved", "scheduled", "revoked", "query_task"),
    *("conf", "clock", "hello"),
}
_HARMLESS = {"enable_events"}
"""An order that Flower gives every few seconds; the events are on."""


def answer_questions_only() -> None:
    """Forget Celery's orders, such as `shutdown` and `add_consumer`, and the questions that write files or dumps."""
    for name in set(Panel.data) - QUESTIONS - _HARMLESS:
        del Panel.data[name]
