"""What worker processes say, and to whom: our own messages and others' warnings, to stderr."""

import logging


class _Inert(logging.Formatter):
    """A reason or an error may hold what a user typed: a line of a log is one line, and steers no terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(_spelled_out, super().format(record).split("\n")))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        record.message = _spelled_out(record.message)
        return super().formatMessage(record)


class _Brief(logging.Filter):
    """Where Celery could not reach the broker its line says why: the driver's long traceback is left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if record.name.startswith("celery.") and type(error).__module__.partition(".")[0] in ("redis", "kombu"):
            record.exc_info = None
        return True


def _spelled_out(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def log_to_stderr() -> None:
    """Set up logging for a process of the worker."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Inert("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_Brief())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("curvegan").setLevel(logging.INFO)
