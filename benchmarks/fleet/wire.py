"""A connection to PostgreSQL below psycopg's cursors: statements are prepared once and sent as bytes that are ready."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from psycopg import AsyncConnection, pq
from psycopg.types.json import Json

from benchmarks.fleet.recorded import After, Own, Sent

_names: dict[str, bytes] = {}
Cell = bytes | None


@dataclass(frozen=True)
class Ready:
    """A statement with numbered parameters, and each row's values, encoded but for those of a claim's own."""

    name: bytes
    text: bytes
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    formats: Sequence[int]

    @classmethod
    def of(cls, sent: Sent) -> Self:
        """Make one ready."""
        columns: list[str] = []

        def number(found: "re.Match[str]") -> str:
            columns.append(found[1])
            return f"${len(columns)}"

        text = re.sub(r"%\((\w+)\)s", number, sent.text).replace("%%", "%")
        name = _names.setdefault(text, f"s{len(_names)}".encode())
        rows = [[_encoded(values[column]) for column in columns] for values in sent.parameters]
        return cls(name, text.encode(), columns, rows, [int(column == "data") for column in columns])

    def filled(
        self, own: Mapping[str | int, Any], moment: datetime | None, changed: Mapping[str, int]
    ) -> list[list[Cell]]:
        """The parameters of a claim, at a moment of its own."""
        given = {n: str(changed[name]).encode() for n, name in enumerate(self.columns) if name in changed}
        return [[given[n] if n in given else _own(v, own, moment) for n, v in enumerate(row)] for row in self.rows]


def _own(value: Any, own: Mapping[str | int, Any], moment: datetime | None) -> Cell:
    if type(value) is Own:
        return str(own[value.name]).encode()
    if type(value) is After:
        assert moment
        return (moment + value.by).isoformat().encode()
    return value  # type: ignore[no-any-return]


def _encoded(value: Any) -> Any:
    if value is None or isinstance(value, Own | After | bytes):
        return value
    if isinstance(value, Json):
        return json.dumps(value.obj).encode()
    if hasattr(value, "obj"):
        return bytes(value.obj)
    return (str(value).lower() if isinstance(value, bool) else str(value)).encode()


class Wire:
    """One connection. What it is sent is answered before the next."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection, self._server = connection, connection.pgconn
        self._server.nonblocking = 1
        self._loop, self._prepared, self.told = asyncio.get_running_loop(), set[bytes](), asyncio.Event()
        self._readable: asyncio.Future[None] | None = None
        self._loop.add_reader(self._server.socket, self._read)

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Connect."""
        return cls(await AsyncConnection.connect(url, autocommit=True))

    async def close(self) -> None:
        """Close it."""
        self._loop.remove_reader(self._server.socket)
        await self._connection.close()

    async def simple(self, statement: bytes) -> None:
        """Run a statement without parameters."""
        self._server.send_query(statement)
        await self._answers()

    async def run(self, ready: Ready, rows: Sequence[Sequence[Cell]]) -> list[pq.abc.PGresult]:
        """Run it with each of the rows, several of them in a pipeline, as psycopg's executemany does."""
        if ready.name not in self._prepared:
            self._server.send_prepare(ready.name, ready.text)
            await self._answers()
            self._prepared.add(ready.name)
        if len(rows) == 1:
            self._server.send_query_prepared(ready.name, rows[0], ready.formats)
            return await self._answers()
        self._server.enter_pipeline_mode()
        for row in rows:
            self._server.send_query_prepared(ready.name, row, ready.formats)
        self._server.pipeline_sync()
        results = await self._answers(len(rows))
        self._server.exit_pipeline_mode()
        return results

    async def _answers(self, pipelined: int = 0) -> list[pq.abc.PGresult]:
        """Wait for all results; of a pipeline, each ends with None and the whole with a mark."""
        await self._flush()
        results: list[pq.abc.PGresult] = []
        while True:
            while self._server.is_busy():
                self._readable = self._loop.create_future()
                await self._readable
            result = self._server.get_result()
            if result is None:
                if not pipelined:
                    return results
            elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            elif result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
                results.append(result)
            else:
                raise RuntimeError(result.error_message)

    async def _flush(self) -> None:
        while self._server.flush():
            writable = self._loop.create_future()
            self._loop.add_writer(self._server.socket, writable.set_result, None)
            await writable
            self._loop.remove_writer(self._server.socket)

    def _read(self) -> None:
        self._server.consume_input()
        while self._server.notifies():
            self.told.set()
        if self._readable and not self._readable.done() and not self._server.is_busy():
            self._readable.set_result(None)
