"""A signal may come at any moment, also while the handler of the one before it runs."""

import os
import signal
import subprocess
import sys
import time

SCRIPT = """
import signal, time
from curvegan_worker.stop_flag import StopFlag
stops = [StopFlag()]
signal.signal(signal.SIGUSR1, lambda *_: stops[0].set())
print("ready", flush=True)
end = time.monotonic() + 2
while time.monotonic() < end:
    stops[0] = StopFlag()
    for _ in range(100):
        stops[0].wait(0.00001)
print("done", flush=True)
"""


def test_no_signal_deadlocks_who_waits_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    end = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < end:
        os.kill(process.pid, signal.SIGUSR1)
    process.kill()
    assert process.communicate()[0] == "done\n"
