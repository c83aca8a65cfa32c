"""Delayed responses."""

import asyncio
import contextlib

from fastapi import Request
from starlette.requests import ClientDisconnect


async def hold(request: Request, *, until: asyncio.Event, seconds: float) -> None:
    """Wait `seconds`, but not longer than until the caller disconnects or `until` is set. The body must be read."""
    waits = {asyncio.create_task(until.wait()), asyncio.create_task(_hung_up(request))}
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _hung_up(request: Request) -> None:
    with contextlib.suppress(ClientDisconnect):
        while (await request.receive())["type"] != "http.disconnect":
            pass
