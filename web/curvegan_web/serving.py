"""How the dashboard listens, and what serves it."""

import socket
from asyncio import sleep
from typing import TYPE_CHECKING

import uvicorn

from curvegan_core.errors import ServiceUnavailable
from curvegan_web.connections import MOST_CONNECTIONS, Patient

if TYPE_CHECKING:
    from curvegan_web.server import Dashboard


def listening(port: int, address: str = "127.0.0.1") -> socket.socket:
    """Return a socket that listens; port 0 takes any that is free. Raises ServiceUnavailable."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((address, port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        raise ServiceUnavailable(f"port {port} of {address}: {error.strerror}; another one: --port N") from None
    return taken


class _Calm(uvicorn.Server):
    """A server that wakes twice a second to see whether it shall end, and not ten times."""

    async def main_loop(self) -> None:
        """Wait for the end."""
        while not await self.on_tick(0):
            await sleep(0.5)


def server(dashboard: "Dashboard") -> uvicorn.Server:
    """Return a server of it, not begun: `run(sockets=[listening(0)])` serves until a signal or `should_exit`."""
    config = uvicorn.Config(
        dashboard.application(),
        log_level="error",  # what a stranger sends wrongly is no news
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
        lifespan="off",
        ws="none",
        http=Patient,
    )
    return _Calm(config)
