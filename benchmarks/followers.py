"""What it costs to look on: share of a core, and the most memory, of each command that follows many jobs.

    python -m benchmarks.followers [--jobs 10 100000] [--seconds 20]

The store is a SQLite file with one sweep of default jobs, all queued, and no worker: nothing changes. Figures are of
the following process alone, from some seconds after its start on, for what it takes to begin is another matter.
"""

import argparse
import http.client
import os
import pty
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curvegan_core.config.train import TrainConfig
from curvegan_db.store import open_store
from curvegan_db.values import JobRequest
from tests.databases import migrate

BEGINNING_S = 12.0
COMMANDS = {
    "wait --sweep 1": ("wait", "--sweep", "1", "--no-worker"),
    "wait all": ("wait", "all", "--no-worker"),
    "status --watch": ("status", "--watch", "--no-worker"),
    "dashboard": ("dashboard", "--port", "0"),
}


def fill(home: Path, jobs: int) -> None:
    """Make a store with one sweep of queued jobs."""
    url = f"sqlite:///{home}/curvegan.db"
    migrate(url)
    with open_store(url) as store:
        store.submit_sweep([JobRequest(TrainConfig(seed=seed)) for seed in range(jobs)], {"seed": [0]}, "many")


@contextmanager
def following(home: Path, words: tuple[str, ...]) -> Iterator[int]:
    """Run a command on a terminal of its own, whose output nobody reads; its process id."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"CURVEGAN_HOME": str(home), "COLUMNS": "120", "LINES": "40"}
    command = [sys.executable, "-c", "from curvegan_cli.main import main; main(prog_name='curvegan')", *words]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    said: list[bytes] = []
    threading.Thread(target=_read, args=(ours, said), daemon=True).start()
    if "dashboard" in words:
        threading.Thread(target=_stream, args=(said,), daemon=True).start()
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()
        os.close(theirs)


def _read(terminal: int, said: list[bytes]) -> None:
    while True:
        try:
            said.append(os.read(terminal, 65536))
        except OSError:
            return


def _stream(said: list[bytes]) -> None:
    """Be a tab that looks at the jobs."""
    while not (found := re.search(rb"http://(127\.0\.0\.1):(\d+)/\?token=([\w-]+)", b"".join(said))):
        time.sleep(0.2)
    connection = http.client.HTTPConnection("127.0.0.1", int(found[2]))
    connection.request("GET", f"/?token={found[3].decode()}")
    cookie = connection.getresponse().headers["Set-Cookie"].partition(";")[0]
    connection = http.client.HTTPConnection("127.0.0.1", int(found[2]))
    connection.request("GET", "/live/jobs", headers={"Cookie": cookie})
    answer = connection.getresponse()
    while answer.readline():
        pass


def cost(pid: int, seconds: float) -> tuple[float, float]:
    """Return the share of a core in percent while nothing changes, and the most memory in MB."""
    time.sleep(BEGINNING_S)
    before, began = _cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    share = 100 * (_cpu_s(pid) - before) / (time.monotonic() - began)
    status = Path(f"/proc/{pid}/status").read_text()
    return share, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1000  # type: ignore[index]


def _cpu_s(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print a row for each command and number of jobs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="+", default=[10, 100_000])
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    print("| command | jobs | % of a core | MB |\n|---|---|---|---|")
    for jobs in asked.jobs:
        with tempfile.TemporaryDirectory(prefix="curvegan-bench-") as folder:
            fill(Path(folder), jobs)
            for name, words in COMMANDS.items():
                with following(Path(folder), words) as pid:
                    share, memory = cost(pid, asked.seconds)
                print(f"| `{name}` | {jobs:,} | {share:.2f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
