"""The worker of a service: relay, receiver, retries and periodic jobs."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
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
from chassis.sent_events.partitions import keep_partitions
from chassis.skew import forget_the_future
from chassis.tables import LEASE_SECONDS, SENT_EVENTS_DAYS
from chassis.telemetry import correlated, logger
from chassis.transports import Transport

log = logger(__name__)

_SHORTEST_LIMIT = timedelta(minutes=1)


@dataclass(frozen=True)
class Periodic:
    """A periodic job. Any number of workers may run it concurrently; the job must allow that.

    Attributes:
        limit: time after which a run is cancelled, so that a hanging one does not stop the job for good; the next run
            continues. None means the time between two runs, and at least a minute.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[object]]
    limit: timedelta | None = None

    @property
    def limit_seconds(self) -> float:
        """Return the time limit of one run."""
        return (self.limit or max(self.every, _SHORTEST_LIMIT)).total_seconds()


class HandlersDiffer(Exception):
    """The handlers of a service are not exactly its subscriptions."""

    def __init__(self, service: str, *, missing: Sequence[str], unsubscribed: Sequence[str]) -> None:
        found = {"has no handler for": missing, "has handlers without a subscription for": unsubscribed}
        text = "; ".join(f"{service} {what} {', '.join(names)}" for what, names in found.items() if names)
        super().__init__(text)


class Worker:
    """Starts and stops relay, receiver, retries and periodic jobs in the right order.

    Args:
        database: the service's own.
        transport: shared by all services of the process.
        handlers: handlers of other services' events.
        periodic: further jobs of the service.

    Raises:
        HandlersDiffer: a subscription of the service has no handler, or a handler no subscription.
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
        sent_events_days: int = SENT_EVENTS_DAYS,
    ) -> None:
        _require_exactly(database.service, handlers)
        self.database = database
        self.inbox = Inbox(database, handlers)
        relay = relay_broker(database, transport, workers=relay_workers, lease_seconds=relay_lease_seconds)
        self._brokers: list[OutboxBroker] = [retry_broker(database, self.inbox), relay]
        self._periodic = (
            *periodic,
            Periodic("lateness", timedelta(seconds=15), lambda: lateness(database)),
            Periodic("forget_the_future", timedelta(minutes=1), lambda: forget_the_future(database)),
            Periodic("sent_events", timedelta(hours=1), lambda: keep_partitions(database, days=sent_events_days)),
            Periodic("forget_processed", timedelta(hours=1), lambda: forget_processed(database)),
            Periodic("forget_ended_sessions", timedelta(minutes=10), lambda: forget_ended_sessions(database)),
        )
        self._jobs: list[asyncio.Task[None]] = []
        if handlers.kinds:
            transport.listen(
                database.service, deliver=self.inbox.deliver_with_backoff, dead_letter=self.inbox.retry_alone
            )

    async def start(self) -> None:
        """Start everything except the transport, which its owner starts after every worker has been built."""
        for broker in self._brokers:
            await broker.start()
        self._jobs = [asyncio.create_task(repeat(job), name=job.name) for job in self._periodic]

    async def stop(self) -> None:
        """Finish work in progress and start nothing new."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await asyncio.gather(*(_stop(broker) for broker in self._brokers))


def _require_exactly(service: str, handlers: Handlers) -> None:
    subscribed = {(payload.TYPE, payload.VERSION) for payload in SUBSCRIPTIONS.get(service, ())}
    missing, unsubscribed = _names(subscribed - handlers.kinds), _names(handlers.kinds - subscribed)
    if missing or unsubscribed:
        raise HandlersDiffer(service, missing=missing, unsubscribed=unsubscribed)


def _names(kinds: Iterable[tuple[str, int]]) -> Sequence[str]:
    return [f"{event_type} v{version}" for event_type, version in sorted(kinds)]


async def _stop(broker: OutboxBroker) -> None:
    with suppress(asyncio.CancelledError):
        await broker.stop()


async def repeat(job: Periodic) -> None:
    """Run `job` repeatedly. A failure or a timeout is logged, and the next run tries again. Jitter spreads replicas."""
    seconds = job.every.total_seconds()
    while True:
        with correlated(f"{job.name}-{random.getrandbits(32):08x}"):  # a label, not a secret
            try:
                async with asyncio.timeout(job.limit_seconds):
                    await job.run()
            except Exception as error:  # noqa: BLE001  # the next run tries again
                log.warning("periodic_job_failed", job=job.name, error=type(error).__name__)
        await asyncio.sleep(seconds * random.uniform(0.9, 1.1))  # noqa: S311
