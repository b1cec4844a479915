"""Work that ends with the request that asked for it: a thread is told whether somebody still waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from curvegan_web.views.asking import Waited


@asynccontextmanager
async def waiting(request: Request) -> AsyncIterator[Waited]:
    """Yield what tells a thread whether somebody still waits for its work; call it with the whole body read."""
    waits = True

    async def follow() -> None:
        nonlocal waits
        while not await request.is_disconnected():
            await asyncio.sleep(0.02)
        waits = False

    following = asyncio.create_task(follow())
    try:
        yield lambda: waits
    finally:
        following.cancel()
