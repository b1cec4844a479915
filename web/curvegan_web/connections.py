"""Connections: those that ask for nothing, or nothing that they may have, never take the room of those that may."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS, MOST_STRANGERS = 128, 32
# A connection has so long for each request, until its headers are there.
PATIENCE_S = 5.0


class Patient(H11Protocol):
    """A connection. It is a stranger's until the doors let a request of it in, and whose last one they refused."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, in place of the stranger that is here longest where there are many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._listen()
        strangers = [one for one in self.connections if isinstance(one, Patient) and one.is_stranger]
        if len(strangers) > MOST_STRANGERS:
            min(strangers, key=lambda one: one._since).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request: whoever sends it slowly has no longer for it."""
        super().data_received(data)
        self._listen()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop()
        super().connection_lost(exc)

    @property
    def is_stranger(self) -> bool:
        """Whether the doors have let nothing of it in."""
        return not self.transport.is_closing() and not (self.scope and self.scope["state"].get("known"))

    def _listen(self) -> None:
        """Wait for a whole request, unless one is being answered."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._late is None:
            self._late = self.loop.call_later(PATIENCE_S, self.transport.abort)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
