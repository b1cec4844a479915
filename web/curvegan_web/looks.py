"""One look at the store a second for all tabs: who looks at the same page shares its look."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from anyio import to_thread

EVERY_S = 1.0
MOST_STREAMS = 48
# A proxy or a laptop that slept closes what says nothing for long.
_SILENCE_S = 15.0
Look = Callable[[], dict[str, Any]]


class TooManyStreams(Exception):
    """More tabs are open than the dashboard follows."""


@dataclass
class _Topic:
    """A page that some tabs look at: what it showed last, and which look that was."""

    look: Look
    tabs: int = 0
    version: int = 0
    text: str = ""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def newer_than(self, seen: int) -> bool:
        """Wait for a version beyond that; False where none came for long."""
        try:
            async with asyncio.timeout(_SILENCE_S), self.changed:
                await self.changed.wait_for(lambda: self.version > seen)
        except TimeoutError:
            return False
        return True


class Looks:
    """The pages that are looked at now. Without a tab nothing is asked of the store."""

    def __init__(self, every_s: float = EVERY_S, most: int = MOST_STREAMS) -> None:
        self._topics: dict[str, _Topic] = {}
        self._every_s, self._most = every_s, most
        self._task: asyncio.Task[None] | None = None
        self.taken = 0

    @property
    def streams(self) -> int:
        """How many tabs are followed now."""
        return sum(topic.tabs for topic in self._topics.values())

    def enter(self, name: str, look: Look) -> AsyncIterator[str]:
        """Follow a page under its name. Raises TooManyStreams."""
        if self.streams >= self._most:
            raise TooManyStreams
        topic = self._topics.setdefault(name, _Topic(look))
        topic.tabs += 1
        if self._task is None:
            self._task = asyncio.create_task(self._go_on())
        return self._events(name, topic)

    async def _events(self, name: str, topic: _Topic) -> AsyncIterator[str]:
        """Yield server-sent events: each time that the page changed, all that changed since the last."""
        seen = 0  # who comes later sees the last look at once
        try:
            yield ": looking\n\n"
            while True:
                if await topic.newer_than(seen):
                    seen = topic.version
                    yield f"data: {topic.text}\n\n"
                else:
                    yield ": still here\n\n"
        finally:
            self._leave(name, topic)

    def _leave(self, name: str, topic: _Topic) -> None:
        topic.tabs -= 1
        if not topic.tabs:
            self._topics.pop(name, None)

    async def _go_on(self) -> None:
        try:
            while self._topics:
                for topic in list(self._topics.values()):
                    await self._take(topic)
                await asyncio.sleep(self._every_s)
        finally:
            self._task = None  # who comes later begins anew, whatever ended it

    async def _take(self, topic: _Topic) -> None:
        self.taken += 1
        text = await to_thread.run_sync(lambda: json.dumps(topic.look(), allow_nan=False))
        if text == topic.text:
            return
        async with topic.changed:
            topic.text, topic.version = text, topic.version + 1
            topic.changed.notify_all()
