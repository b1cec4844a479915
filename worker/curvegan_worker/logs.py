"""What worker processes say, and to whom: our own messages and others' warnings, to stderr."""

import logging


def log_to_stderr() -> None:
    """Set up logging for a process of the worker."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("curvegan").setLevel(logging.INFO)
