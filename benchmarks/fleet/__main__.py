"""What a fleet asks of one database: real stores, claims, beats, records and polls; only the training is left out.

    python -m benchmarks.fleet [fleet drain looks sqlite] [--workers 10 100 1000] [--rate 116] [--seconds 45]

fleet   workers on PostgreSQL that end so many jobs a second all together. Each sends on a connection of its own the
        statements that a real worker's verbs sent, with its own ids, moments and tokens; that it leaves the same rows
        is looked at first. It sleeps where that one trains.
drain   a sweep of 100,000 default jobs, which take no time, and how long claims take, fifth by fifth
looks   workers that idle, by polls as they do, and by LISTEN and NOTIFY, which they do not
sqlite  ten workers on a SQLite file, as threads

The claims that are told are those of a real worker by itself in a process of its own. Not before the first jobs have
ended is anything counted. Waiting: connections that wait for a lock of somebody else's, at four looks a second: rows'
(`transactionid`, `tuple`) on an average and at most, and those that wait to make a table larger (`extend`).
"""

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fleet import parts
from benchmarks.fleet.clients import Looks
from benchmarks.store import DurablePostgres
from tests.databases import migrate

SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "wal_compression": "on"}
"""What docs/scale.md says of a server for many workers."""


HOW: tuple[Looks, ...] = ("polls", "listens")


class Server(DurablePostgres):
    """One that as many can connect to as are needed."""

    def command(self) -> list[str]:
        settings = SETTINGS | {"max_connections": "1100"}
        return [*super().command(), *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))]


@contextmanager
def database() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with Server(Path(os.environ.get("TMPDIR", "/tmp"))) as server:
        migrate(server.url())
        yield server.url()


def tell(what: str, found: Mapping[str, object]) -> None:
    """Print a line of the table, and how busy the machine is."""
    values = (f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in found.items())
    print(f"{what} | {' | '.join(values)} | load {os.getloadavg()[0]:.1f}", flush=True)


def measure(part: str, asked: argparse.Namespace) -> None:
    """Measure and print one part."""
    if part == "sqlite":
        return tell("SQLite, 10 workers", parts.sqlite(10, asked.rate, asked.seconds))
    if part == "drain":
        with database() as url:
            for fifth, found in enumerate(parts.drain(url, asked.jobs), 1):
                tell(f"drain, fifth {fifth}", found)
        return None
    for workers in asked.workers:
        if part == "fleet":
            with database() as url:
                tell(f"PostgreSQL, {workers} workers", parts.fleet(url, workers, asked.rate, asked.seconds))
            continue
        for how in HOW:
            with database() as url:
                tell(f"{workers} idle, {how}", parts.looks(url, workers, how, asked.seconds / 4))
    return None


def main() -> None:
    """Measure and print, run by run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["fleet", "looks", "sqlite", "drain"])
    parser.add_argument("--workers", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--rate", type=float, default=116.0)
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--jobs", type=int, default=100_000, help="of the sweep that is drained")
    asked = parser.parse_args()
    with database() as url:
        print("the same rows as a real worker's:", "yes" if parts.alike(url) else "NO", flush=True)
    for part in asked.parts:
        measure(part, asked)


if __name__ == "__main__":
    main()
