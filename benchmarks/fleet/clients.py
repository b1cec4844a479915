"""Simulated workers that send what a real one's verbs sent, for a tenth of the CPU: a thousand of them in one process.

Each has a connection of its own, and pauses after each statement for as long as Python takes for one, as a worker does.
"""

import asyncio
import math
import os
import random
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import takewhile
from math import ceil
from multiprocessing.connection import Connection
from typing import Any, Literal

from psycopg import pq
from sqlalchemy.engine import make_url

from benchmarks.fleet.counting import Notes
from benchmarks.fleet.recorded import CLOCK, Script, Sent
from benchmarks.fleet.simulated import BEAT_S, PACK, TOGETHER
from benchmarks.fleet.wire import Ready, Wire

THINK_S = 0.001
"""What a worker does between two statements: benchmarks.fleet.costs, its CPU by its statements."""
BEATS_A_COUNT = 4
LOOKS = "txid_snapshot_xmin"
START = {"from_priority": 10**6, "from_id": 0, "since": 2**60}
"""Where a worker looks from that has seen nothing yet."""
TAKES = "UPDATE jobs SET began_at"
WRITES = ("INSERT", "UPDATE", "DELETE")
Looks = Literal["polls", "listens"]


class Fleet:
    """What the simulated workers of a process have in common. They look for jobs by polls, or LISTEN for a NOTIFY."""

    def __init__(self, url: str, script: Script, workers: int, job_s: float, looks: Looks = "polls") -> None:
        self.url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self.script, self.workers, self.job_s, self.looks = script, workers, job_s, looks
        self.took: Notes = defaultdict(list)
        self.over = asyncio.Event()
        self._ready: dict[int, Ready] = {}

    def ready(self, sent: Sent) -> Ready:
        """Return a statement ready to be sent; each is made ready once."""
        if id(sent) not in self._ready:
            self._ready[id(sent)] = Ready.of(sent)
        return self._ready[id(sent)]

    async def pause(self, seconds: float) -> None:
        """Sleep, but no longer than until it is over."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)

    async def work(self, workers: Sequence[tuple[str, str]], pipe: Connection) -> None:
        """Have them all work until it is said over the pipe that it is over."""
        tasks = [asyncio.create_task(Client(self, *worker).work()) for worker in workers]
        while not pipe.poll() and not any(task.done() for task in tasks):
            await asyncio.sleep(0.1)
        self.over.set()
        await asyncio.gather(*tasks)
        pipe.send(dict(self.took))


def rows_of(result: pq.abc.PGresult) -> list[list[str]]:
    """Values as text; bytes of results are not looked at."""
    columns = range(min(result.nfields, 3))
    return [[(result.get_value(n, k) or b"").decode() for k in columns] for n in range(result.ntuples)]


def _after_taking(sent: Sequence[Sent]) -> Sequence[Sent]:
    return sent[next(n for n, each in enumerate(sent, 1) if TAKES in each.text) :]


class Client:
    """One worker."""

    def __init__(self, fleet: Fleet, worker: str, label: str) -> None:
        self.fleet, self.script = fleet, fleet.script
        self.own: dict[str | int, Any] = {"worker": worker, "label": label}
        self.beaten, self.beats = -math.inf, random.randrange(BEATS_A_COUNT)
        self.moment: datetime | None = None
        self.front = dict(START)

    async def work(self) -> None:
        """Claim, train and idle until it is over. Who starts with all others starts somewhere in a pack's time."""
        fleet = self.fleet
        await fleet.pause(random.uniform(0, fleet.workers / 100))
        self.wire = await Wire.connect(fleet.url)
        if fleet.looks == "listens":
            await self.wire.simple(b"LISTEN queued")
        await fleet.pause(random.uniform(0, min(TOGETHER * fleet.job_s, 30.0)))
        reap_from = time.monotonic() + random.uniform(0, fleet.workers / 10)
        while not fleet.over.is_set():
            if time.monotonic() > reap_from:
                await self.send("reap", self.script.reap)
                reap_from = time.monotonic() + max(BEAT_S, fleet.workers / 10)
            if size := await self.claim():
                await self.train(size)
            else:
                await self.idle()
        await self.wire.close()

    async def claim(self) -> int:
        """Take a pack as the store does: what is best is looked at, then this worker's share of its like is taken."""
        self.own |= {"token": uuid.uuid4().hex}
        started = time.monotonic()
        await self.begin()
        room = await self.choose(self.script.claims[PACK])
        size = await self.take(self.script.claims[room]) if room else 0
        for each in _after_taking(self.script.claims[size]) if size else [Sent("", [{}])]:
            await self.one(each)
        self.note("claim", started)
        return size

    async def choose(self, sent: Sequence[Sent]) -> int:
        """Look at the best job, and return how many like it are this worker's share."""
        changed: dict[str, int] = {}
        for each in takewhile(lambda each: TAKES not in each.text, sent):
            rows = await self.one(each, self.front | changed)
            if LOOKS in each.text and not self.saw(rows):
                return 0
            if "workers.devices" in each.text:
                peers = max(1, sum(int(row[2]) for row in rows))
                changed = {"param_1": PACK * peers}
            elif "count(*)" in each.text and LOOKS not in each.text:
                waiting, changed = int(rows[0][0]), {}
        return min(PACK, max(1, ceil(waiting / peers)))

    def saw(self, rows: Sequence[Sequence[str]]) -> bool:
        """Keep where the best job is, if there is one: the next look goes on from there."""
        oldest, job, priority = rows[0]
        self.front = {"from_priority": int(priority), "from_id": int(job)} if job else dict(START)
        self.front["since"] = int(oldest)
        return bool(job)

    async def take(self, sent: Sequence[Sent]) -> int:
        """Take what is free of it, whatever it has for a priority; how many they are."""
        taking = next(each for each in sent if TAKES in each.text)
        rows = await self.one(taking, self.front)
        self.own |= dict(enumerate(sorted(int(row[0]) for row in rows)))
        return len(rows)

    async def train(self, size: int) -> None:
        """Train a claim in parts, as the fused engine does, with the heartbeats and the records that it takes."""
        script, pack, left = self.script, dict(self.own), size
        await self.send("begin", script.begins[size])
        while left and not self.fleet.over.is_set():
            part = min(TOGETHER, left)
            lasts = part * self.fleet.job_s * random.uniform(0.75, 1.25)
            records, started = script.parts[part], time.monotonic()
            for n, record in enumerate(records, 1):
                await self.until(started + lasts * n / len(records), pack, range(size - left, size))
                if self.fleet.over.is_set():
                    return
                self.own |= {k: pack[size - left + k] for k in range(part)}
                await self.send("end" if n == len(records) else "record", record)
            self.fleet.took["job"] += [(time.monotonic(), 0.0)] * part
            left -= part

    async def until(self, then: float, pack: Mapping[str | int, Any], held: range) -> None:
        """Wait, and beat meanwhile."""
        while (now := time.monotonic()) < then and not self.fleet.over.is_set():
            if now - self.beaten > BEAT_S:
                self.own |= {n: pack[job] for n, job in enumerate(held)}
                self.beats += 1
                beats = self.script.beats if self.beats % BEATS_A_COUNT else self.script.counts
                await self.send("beat", beats[len(held)])
                self.beaten = now
            await self.fleet.pause(min(BEAT_S, then - time.monotonic()))

    async def idle(self) -> None:
        """Look for a job by turns, or wait to be told of one."""
        every = min(max(1.0, self.fleet.workers / 100), BEAT_S)
        while not self.fleet.over.is_set():
            if time.monotonic() - self.beaten > BEAT_S:
                await self.send("idle", self.script.idle)
                self.beaten = time.monotonic()
            if self.fleet.looks == "listens":
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.wire.told.wait(), BEAT_S)
                    self.wire.told.clear()
                    return
                continue
            await self.fleet.pause(every)
            if self.saw((await self.send("poll", self.script.poll, self.front))[0]):
                return

    async def send(self, what: str, sent: Sequence[Sent], changed: Mapping[str, int] | None = None) -> list[list[Any]]:
        """Do what a verb did, in its transactions, and note when and how long it took."""
        started, begun, results = time.monotonic(), False, []
        for each in sent:
            if not begun:
                await self.begin()
            results.append(await self.one(each, changed))
            begun = bool(each.text)
        self.note(what, started)
        return results

    async def one(self, sent: Sent, changed: Mapping[str, int] | None = None) -> list[Any]:
        """Send one statement of a transaction; what it returns. It must find as many rows as it did before."""
        if not sent.text:
            await self.wire.simple(b"COMMIT")
            return []
        ready = self.fleet.ready(sent)
        results = await self.wire.run(ready, ready.filled(self.own, self.moment, changed or {}))
        rows = [row for result in results for row in rows_of(result)] if not sent.many else []
        if CLOCK in sent.text:
            self.moment = datetime.fromisoformat(rows[0][0])
        elif sent.text.startswith(WRITES) and (n := sum(r.command_tuples or 0 for r in results)) != sent.rows:
            raise RuntimeError(f"{n} rows and not {sent.rows}: {sent.text}")
        await asyncio.sleep(THINK_S)
        return rows

    async def begin(self) -> None:
        """Begin a transaction, as SQLAlchemy does: it looks first whether the connection is still there."""
        await self.wire.simple(b"SELECT 1")
        await self.wire.simple(b"BEGIN")

    def note(self, what: str, started: float) -> None:
        """Note a verb."""
        self.fleet.took[what].append((started, time.monotonic() - started))


def run_clients(
    url: str, script: Script, workers: Sequence[tuple[str, str]], job_s: float, looks: Looks, pipe: Connection
) -> None:
    """A process of clients, until it is told that it is over; sends what they noted."""
    os.nice(2)
    asyncio.run(Fleet(url, script, len(workers), job_s, looks).work(workers, pipe))


def play(url: str, script: Script, worker: str, label: str) -> None:
    """Have one client claim and train one pack."""

    async def once() -> None:
        fleet = Fleet(url, script, 1, 0.0)
        client = Client(fleet, worker, label)
        client.wire = await Wire.connect(fleet.url)
        await client.train(await client.claim())
        await client.wire.close()

    asyncio.run(once())
