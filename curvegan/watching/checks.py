"""What keeps jobs from running here, found out by trying it. Mends nothing, and shows no password."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from curvegan.services import NO_ENGINE, WORKING, Services, engines_installed
from curvegan.watching.reasons import lacking
from curvegan.words import age, duration

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from curvegan_db.store import Store
    from curvegan_db.values import Worker

OK, WARNING, PROBLEM = "ok", "warning", "problem"
MOST_SKEW = timedelta(seconds=2)
LITTLE_DISK, TOO_LITTLE_DISK = 1 << 30, 1 << 27
_PROBE_TIMEOUT_S = 60.0
# Of a worker that was lost longer ago nothing is left to be done.
_LATELY = timedelta(hours=1)
_INSTALL, _INSTALL_TORCH = "pip install 'curvegan[worker]'", "pip install 'curvegan[torch]'"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was tried, OK, WARNING or PROBLEM, what came of it, and what to type."""

    check: str
    level: str
    text: str
    command: str | None = None


def examine(lab: Services) -> list[Finding]:
    """Try everything; what needs something that is broken is left out."""
    embedded, findings = lab.settings.embedded, [*_database(lab)]
    folder = _existing(_store_folder(lab))  # which an embedded database has made by now
    findings += [*check_wal(folder, embedded), check_broker(lab), *check_engines(embedded), check_disk(folder)]
    return findings


def _store_folder(lab: Services) -> Path:
    """Return where the store's file lies, or the home folder where the store is a server's."""
    file = lab.settings.database_file
    return file.parent if file else lab.settings.home


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.is_dir())


def _database(lab: Services) -> Iterator[Finding]:
    """Check the database, and what can only be asked where it answers."""
    from curvegan_core.errors import CurveganError
    from curvegan_db.sql.database import shown_url

    try:
        with lab.engine() as engine, engine.connect():
            yield Finding("database", OK, f"{shown_url(engine)} answers")
            yield check_schema(engine)
            yield check_clock(engine)
    except CurveganError as error:
        yield Finding("database", PROBLEM, str(error), "curvegan db status")
        return
    yield from _workers(lab)


def check_schema(engine: "Engine") -> Finding:
    """Check the schema against this version's."""
    from curvegan_db.sql import migrate
    from curvegan_db.sql.health import missing_parts
    from curvegan_db.tables.generations import Generation

    schema = migrate.status(engine)
    if schema.current == schema.head:
        if missing := missing_parts(engine, Generation.metadata):
            text = f"at {schema.current}, but without {', '.join(missing)}: restore a backup"
            return Finding("schema", PROBLEM, text[:500], "curvegan db restore FILE")
        return Finding("schema", OK, f"at {schema.current}, as this curvegan needs it")
    if schema.newer:
        return Finding("schema", PROBLEM, f"at {schema.current}, newer than this curvegan", "pip install -U curvegan")
    version = f"at {schema.current}" if schema.current else "none yet"
    if engine.dialect.name == "sqlite":
        return Finding("schema", OK, f"{version}; the first command that uses the store brings it to {schema.head}")
    return Finding("schema", PROBLEM, f"{version}, this curvegan needs {schema.head}", "curvegan db upgrade")


def check_clock(engine: "Engine") -> Finding:
    """Check this machine's clock against the database's, by which leases are measured."""
    from curvegan_db.sql.health import clock_skew

    if engine.dialect.name == "sqlite":
        return Finding("clock", OK, "the store goes by this machine's clock")
    return judge_skew(clock_skew(engine))


def judge_skew(skew: timedelta) -> Finding:
    """Return what a skew means: leases go by one clock, so that people are misled and jobs are not."""
    seconds = skew.total_seconds()
    text = f"the database's clock is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} this machine's"
    if abs(skew) <= MOST_SKEW:
        return Finding("clock", OK, text)
    return Finding("clock", WARNING, f"{text}; ages and beats that it shows are off by that", "timedatectl status")


def check_wal(folder: Path, embedded: bool) -> Iterator[Finding]:
    """Check SQLite's write-ahead log, by writing a database next to the store's file."""
    from curvegan_db.sql.health import network_file_system, try_wal

    if not embedded:
        return
    problem, network = try_wal(folder), network_file_system(folder)
    move = "curvegan --home FOLDER status"
    if problem:
        yield Finding("wal", PROBLEM, f"no write-ahead log: {problem}; keep the store on a local disk", move)
    elif network:
        text = f"{folder} is on {network}: it works on one machine, and breaks the file when two use it"
        yield Finding("wal", WARNING, text, move)
    else:
        yield Finding("wal", OK, f"a write-ahead log works in {folder}")


def check_broker(lab: Services) -> Finding:
    """Send a message through the broker and back."""
    from curvegan_worker.celery.broker import shown_broker

    if not lab.settings.has_broker:
        return Finding("broker", OK, "none is needed: workers here look for jobs every second")
    problem = lab.broker_problem()
    if problem:
        return Finding(
            "broker", PROBLEM, f"{problem}; until then workers look for jobs every second", "curvegan workers"
        )
    return Finding("broker", OK, f"{shown_broker(lab.settings.broker_url)} gave a message back")


def _workers(lab: Services) -> Iterator[Finding]:
    from curvegan_core.errors import CurveganError
    from curvegan_db.errors import SchemaOutdated

    try:
        store = lab.store
    except SchemaOutdated:
        return  # told by the schema
    except CurveganError as error:
        yield Finding("tables", PROBLEM, str(error), "curvegan db status")
        return
    yield check_writing(store)
    try:
        yield check_workers(store, lab.settings.embedded)
    except CurveganError as error:
        yield Finding("workers", PROBLEM, str(error), "curvegan workers")


def check_writing(store: "Store") -> Finding:
    """Check whether every table can be written: to look, a replica or a role that may only read will do."""
    from curvegan_core.errors import ServiceUnavailable

    try:
        store.check_writable()
    except ServiceUnavailable as error:
        return Finding("writing", PROBLEM, f"{error}; what is there can be looked at", "curvegan db status")
    return Finding("writing", OK, "every table can be written")


def check_workers(store: "Store", embedded: bool) -> Finding:
    """Check whether workers live that can take what waits: when each was last heard of, who died just now or young."""
    now = store.time()
    workers = [one for one in store.workers() if one.state != "lost" or now - one.beat_at < _LATELY]
    live, lost, dying = ([w for w in workers if w.state in states] for states in (WORKING, ("lost",), ("failing",)))
    if dying:
        last = max(dying, key=lambda worker: worker.beat_at)
        text = f"{len(live)} live; those of {last.host} die at their start, last {age(last.beat_at, now)} ago"
        return Finding("workers", PROBLEM, f"{text}: {last.error}", "curvegan worker")
    text = ", ".join(_beat(worker, now) for worker in [*live, *lost][:8])
    nobody = f"no worker lives: {text}" if text else "no worker lives"
    waiting = store.needs()
    missing = "; ".join(lacking(waiting, workers).values())
    if live and missing:
        return Finding("workers", WARNING, f"{len(live)} live, {len(lost)} lost: {text}; {missing}", "curvegan workers")
    if live:
        level = WARNING if lost else OK
        return Finding(
            "workers", level, f"{len(live)} live, {len(lost)} lost: {text}", "curvegan workers" if lost else None
        )
    if waiting:
        start = "curvegan worker" if engines_installed() or not embedded else _INSTALL
        return Finding("workers", PROBLEM, f"{nobody}; {missing}", start)
    if embedded:
        starts = "submit starts one" if engines_installed() else f"submit can start none: {NO_ENGINE}"
        return Finding("workers", OK, f"none lives; {starts}")
    return Finding("workers", WARNING, nobody, "curvegan worker")


def _beat(worker: "Worker", now: datetime) -> str:
    return f"{worker.label} {worker.state}, heard of {age(worker.beat_at, now)} ago"


def check_engines(embedded: bool) -> Iterator[Finding]:
    """Check whether this machine can train, and on what: found out in a process of its own."""
    if not engines_installed():
        if embedded:
            yield Finding("engines", PROBLEM, f"{NO_ENGINE}, and an embedded store trains nowhere else", _INSTALL)
        else:
            yield Finding("engines", OK, "none is installed: this machine is a client, other machines train")
        return
    from curvegan_worker.host.environment import run_as_worker

    try:
        done = run_as_worker("curvegan_worker.host.probe", _PROBE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        yield Finding("engines", PROBLEM, f"they do not come up in {duration(_PROBE_TIMEOUT_S)}", "curvegan doctor")
        return
    yield from judge_probe(done)


def judge_probe(done: "subprocess.CompletedProcess[str]") -> Iterator[Finding]:
    """Return what the probe's end means."""
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        yield Finding("engines", PROBLEM, f"they cannot compute here: {last[:300]}", _INSTALL)
        return
    machine = json.loads(done.stdout.splitlines()[-1])
    yield judge_engines(machine)
    if not machine["torch"]:
        return
    devices = ", ".join(f"{device} ({name})" for device, name in machine["devices"].items())
    if devices:
        yield Finding("cuda", OK, f"computes on {devices}")
    elif machine["driver"]:
        yield Finding("cuda", WARNING, "NVIDIA's driver is here, but torch sees no device", "nvidia-smi")
    else:
        yield Finding("cuda", OK, "no CUDA here; workers train on the CPU")


def judge_engines(machine: Mapping[str, str | None]) -> Finding:
    """Return what trains here and what does not; most jobs need no torch."""
    if machine["fused"]:
        text = f"torch {machine['torch']} trains here, and the fused engine does not: {machine['fused']}"
        return Finding("engines", WARNING, text, _INSTALL)
    if machine["torch"]:
        return Finding("engines", OK, f"fused and torch {machine['torch']} train here")
    text = "fused trains here; what needs torch (CUDA, and what fused cannot train) waits for a worker that has it"
    return Finding("engines", OK, text, _INSTALL_TORCH)


def check_disk(folder: Path) -> Finding:
    """Check the free space where the store, or the home folder, lies."""
    free = shutil.disk_usage(folder).free
    text = f"{free / (1 << 30):.1f} GiB free in {folder}"
    level = PROBLEM if free < TOO_LITTLE_DISK else WARNING if free < LITTLE_DISK else OK
    return Finding("disk", level, text, None if level == OK else f"df -h {folder}")
