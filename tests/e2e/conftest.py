"""Whole platforms, each with databases, queues and data of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from chassis.transports import declarations
from contracts.topology import Names
from standalone.databases import Server, drop_databases
from standalone.journey.process import PlatformProcess
from testkit.servers import Server as FoundServer

StartPlatform = Callable[..., Awaitable[PlatformProcess]]

REHEARSAL = {
    "HOUR_SECONDS": "20",
    "EXPIRY_GRACE_MINUTES": "0",
    "EXPIRY_SWEEP_SECONDS": "0.5",
    "RELAY_LEASE_SECONDS": "2",
    "LOG_LEVEL": "WARNING",
}


@pytest.fixture
async def start_platform(postgres_server: FoundServer, tmp_path: Path) -> AsyncIterator[StartPlatform]:
    """`await start_platform(broker_url, **environment)` is a running platform, gone after the test."""
    prefix = f"e2e_{uuid4().hex[:8]}_"
    async with AsyncExitStack() as stack:
        stack.push_async_callback(drop_databases, Server(postgres_server.url, prefix))

        async def start(broker_url: str | None = None, **environment: str) -> PlatformProcess:
            values = {
                "DATABASE_URL": postgres_server.url,
                "STARTLINE_DATABASE_PREFIX": prefix,
                "BROKER_URL": broker_url or "",
                "BROKER_PREFIX": prefix,
                **REHEARSAL,
                **environment,
            }
            platform = PlatformProcess(tmp_path / "data", environment=values, log=tmp_path / "platform.log")
            if broker_url:
                stack.push_async_callback(declarations.remove, broker_url, Names(prefix))
            stack.push_async_callback(_stopped, platform)
            await platform.start()
            return platform

        yield start


async def _stopped(platform: PlatformProcess) -> None:
    await asyncio.wait_for(platform.kill(), timeout=30)
