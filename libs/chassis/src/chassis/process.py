"""The two processes of a service: the API under uvicorn, and the worker with a port for health and metrics."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import httpx
import uvicorn
import uvloop
from contracts.topology import Names
from fastapi import FastAPI

from chassis.database import Database
from chassis.health import database_answers
from chassis.settings import ServiceSettings
from chassis.telemetry import configure_logging
from chassis.transports import RabbitTransport, Transport
from chassis.web.application import build_http_app
from chassis.web.health import lateness_router
from chassis.web.server import serving_options
from chassis.worker import Worker

BuildWorker = Callable[[Transport], Worker]


def closing_on_stop(app: FastAPI, database: Database, *clients: httpx.AsyncClient) -> FastAPI:
    """Return `app`, changed to close the database and the clients when it stops."""
    own_lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(database.close)
            for each in clients:
                await stack.enter_async_context(each)
            await stack.enter_async_context(own_lifespan(running))
            _freeze_collected_objects()
            yield

    app.router.lifespan_context = lifespan
    return app


def _freeze_collected_objects() -> None:
    """Exempt the objects that exist at start from garbage collection; each full one would scan them during requests."""
    gc.collect()
    gc.freeze()


def rabbit_transport(settings: ServiceSettings) -> RabbitTransport:
    """Return the transport configured in the settings."""
    return RabbitTransport(
        settings.broker_url,
        names=Names(settings.broker_prefix),
        prefetch=settings.prefetch,
        declare=settings.broker_declare,
        unsigned=settings.broker_unsigned,
    )


async def until_stop_signal() -> None:
    """Return on SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopped.set)
    await stopped.wait()


def run_worker(settings: ServiceSettings, build: BuildWorker, *, port: int) -> None:
    """Run a worker until a signal stops it; it then finishes work in progress.

    Args:
        port: for `/health/*` and `/metrics`; 0 serves none.
    """
    configure_logging(settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run_worker(rabbit_transport(settings), build, port))


async def _run_worker(transport: Transport, build: BuildWorker, port: int) -> None:
    worker = build(transport)
    health = BackgroundServer(health_application(worker.database, transport), port=port) if port else None
    await transport.start()
    await worker.start()
    if health:
        await health.start()
    await until_stop_signal()
    await transport.stop()
    await worker.stop()
    if health:
        await health.stop()
    await worker.database.close()


def health_application(database: Database, transport: Transport) -> FastAPI:
    """Build the application with health and metrics of a worker. It is ready if database and broker are."""
    return build_http_app(
        f"{database.service}-worker",
        {"": [lateness_router]},
        state={"database": database},
        checks={"database": lambda: database_answers(database), "broker": transport.ready},
    )


class BackgroundServer(uvicorn.Server):
    """Runs uvicorn beside other work in one event loop and leaves signals to the process.

    Args:
        app: any ASGI application.
        port: 0 takes a free one.
        grace_seconds: time for running requests to finish when it stops.
    """

    def __init__(self, app: Any, *, host: str = "0.0.0.0", port: int = 0, grace_seconds: int = 15) -> None:  # noqa: S104  # a container's interface
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                **serving_options(),
                timeout_graceful_shutdown=grace_seconds,
            )
        )
        self._running: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not install signal handlers."""
        yield

    async def start(self) -> None:
        """Start the server and return once it accepts connections.

        Raises:
            RuntimeError: it could not start, most likely because the port is in use.
        """
        self._running = asyncio.create_task(self._serve_or_report())
        while not self.started:
            if self._running.done():
                await self._running
                raise RuntimeError(f"cannot listen on {self.config.host}:{self.config.port}")
            await asyncio.sleep(0.01)

    async def _serve_or_report(self) -> None:
        try:
            await self.serve()
        except SystemExit:  # uvicorn exits if the address is in use
            raise RuntimeError(f"cannot listen on {self.config.host}:{self.config.port}") from None

    async def stop(self) -> None:
        """Finish running requests, then stop."""
        self.should_exit = True
        if self._running is not None:
            await self._running

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        port: int = self.servers[0].sockets[0].getsockname()[1]
        return port
