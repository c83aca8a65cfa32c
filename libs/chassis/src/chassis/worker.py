"""A service's background half: relay, receiver, retries and what has to happen now and then."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from contracts.topology import SUBSCRIPTIONS
from faststream_outbox import OutboxBroker

from chassis.auth.sessions import forget_ended_sessions
from chassis.database import Database
from chassis.health import lateness
from chassis.inbox import Handlers, Inbox
from chassis.relay import relay_broker
from chassis.retries import forget_processed, retry_broker
from chassis.skew import forget_the_future
from chassis.tables import LEASE_SECONDS
from chassis.telemetry import correlated, logger
from chassis.transports import Transport

log = logger(__name__)

_SHORTEST_LIMIT = timedelta(minutes=1)


@dataclass(frozen=True)
class Periodic:
    """Something to do every so often. Any number of workers may do it at once: the work itself must allow that.

    Attributes:
        limit: after which a round is cancelled, so that one which hangs does not end the job for good; the next round
            goes on. None is the time between two rounds, and at least a minute.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[object]]
    limit: timedelta | None = None

    @property
    def limit_seconds(self) -> float:
        """Return how long one round may take."""
        return (self.limit or max(self.every, _SHORTEST_LIMIT)).total_seconds()


class MissingHandlers(Exception):
    """A service listens to events for which it has no handler."""

    def __init__(self, service: str, missing: Sequence[str]) -> None:
        super().__init__(f"{service} listens to events it has no handler for: {', '.join(missing)}")


class Worker:
    """Starts and stops the background half in the right order.

    Args:
        database: the service's own.
        transport: shared by all services of the process.
        handlers: reactions to other services' events.
        periodic: further jobs of the service.

    Raises:
        MissingHandlers: the contracts name an event for the service that none of `handlers` takes.
    """

    def __init__(
        self,
        database: Database,
        transport: Transport,
        handlers: Handlers,
        *,
        periodic: Sequence[Periodic] = (),
        relay_workers: int = 4,
        relay_lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        _require_all(database.service, handlers)
        self.database = database
        self.inbox = Inbox(database, handlers)
        relay = relay_broker(database, transport, workers=relay_workers, lease_seconds=relay_lease_seconds)
        self._brokers: list[OutboxBroker] = [retry_broker(database, self.inbox), relay]
        self._periodic = (
            *periodic,
            Periodic("lateness", timedelta(seconds=15), lambda: lateness(database)),
            Periodic("forget_the_future", timedelta(minutes=1), lambda: forget_the_future(database)),
            Periodic("forget_processed", timedelta(hours=1), lambda: forget_processed(database)),
            Periodic("forget_ended_sessions", timedelta(minutes=10), lambda: forget_ended_sessions(database)),
        )
        self._jobs: list[asyncio.Task[None]] = []
        if handlers.kinds:
            transport.listen(
                database.service, deliver=self.inbox.deliver_with_backoff, dead_letter=self.inbox.retry_alone
            )

    async def start(self) -> None:
        """Begin. The transport is started by whoever owns it, after every worker has been built."""
        for broker in self._brokers:
            await broker.start()
        self._jobs = [asyncio.create_task(repeat(job), name=job.name) for job in self._periodic]

    async def stop(self) -> None:
        """Finish what is under way, begin nothing new."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await asyncio.gather(*(_stop(broker) for broker in self._brokers))


def _require_all(service: str, handlers: Handlers) -> None:
    subscribed = {(payload.TYPE, payload.VERSION) for payload in SUBSCRIPTIONS.get(service, ())}
    missing = [f"{event_type} v{version}" for event_type, version in sorted(subscribed - handlers.kinds)]
    if missing:
        raise MissingHandlers(service, missing)


async def _stop(broker: OutboxBroker) -> None:
    with suppress(asyncio.CancelledError):
        await broker.stop()


async def repeat(job: Periodic) -> None:
    """Run `job` for ever. A failure or a timeout is logged; the next round tries again. Jitter spreads replicas."""
    seconds = job.every.total_seconds()
    while True:
        with correlated(f"{job.name}-{random.getrandbits(32):08x}"):  # a label, not a secret
            try:
                async with asyncio.timeout(job.limit_seconds):
                    await job.run()
            except Exception as error:  # noqa: BLE001  # the next round is the remedy
                log.warning("periodic_job_failed", job=job.name, error=type(error).__name__)
        await asyncio.sleep(seconds * random.uniform(0.9, 1.1))  # noqa: S311
