"""What a worker process says on stderr: of a broker that is away a line, of an error that nobody foresaw all of it."""

import subprocess
import sys

import pytest

SAY = """
import logging
import redis
from curvegan_worker.host.log_setup import log_to_stderr
log_to_stderr()
try:
    raise {error}("no")
except Exception as error:
    logging.getLogger("{logger}").critical("Couldn't ack: %s", error, exc_info=True)
"""


@pytest.mark.parametrize(
    ("logger", "error", "whole"),
    [
        ("celery.worker.request", "redis.exceptions.ConnectionError", False),
        ("celery.worker.request", "ValueError", True),
        ("curvegan.worker", "redis.exceptions.ConnectionError", True),
    ],
)
def test_only_celerys_lines_on_the_broker_go_without_their_traceback(logger: str, error: str, whole: bool) -> None:
    command = [sys.executable, "-c", SAY.format(logger=logger, error=error)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert said.splitlines()[0].endswith(f"CRITICAL {logger}: Couldn't ack: no")
    assert ("Traceback" in said) == whole, said
