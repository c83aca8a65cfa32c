"""The relay: publishes the events of the outbox to the transport and deletes them afterwards."""

import logging

from contracts import parse_head
from faststream.middlewares import AckPolicy
from faststream_outbox import OutboxBroker
from faststream_outbox.annotations import OutboxMessage
from faststream_outbox.metrics import MetricsRecorder
from faststream_outbox.retry import ExponentialRetry

from chassis.database import Database
from chassis.inbox import reason_of
from chassis.tables import LEASE_SECONDS, OUTBOX_QUEUE
from chassis.telemetry import EVENTS_PUBLISHED, logger
from chassis.transports import Message, Transport

LONGEST_WAIT_SECONDS = 10.0

_WITHOUT_END = ExponentialRetry(initial_delay_seconds=0.2, multiplier=2.0, max_delay_seconds=LONGEST_WAIT_SECONDS)


def relay_broker(
    database: Database,
    transport: Transport,
    *,
    workers: int = 4,
    lease_seconds: float = LEASE_SECONDS,
    metrics_recorder: MetricsRecorder | None = None,
) -> OutboxBroker:
    """Return a broker that publishes the outbox. A row is retried until the transport has confirmed it, then deleted.

    Any number of relays may run. A row is leased, and a relay that dies loses its leases after `lease_seconds`; one
    that is slower than that publishes an event twice. Only the event's head is parsed, so that a relay of an older
    release can publish the events of a newer one.
    """
    broker = OutboxBroker(
        database.messaging_engine,
        outbox_table=database.tables.outbox,
        last_exception_renderer=reason_of,
        metrics_recorder=metrics_recorder,
        logger=logger("startline.relay"),
        log_level=logging.DEBUG,
    )

    @broker.subscriber(
        OUTBOX_QUEUE,
        max_workers=workers,
        fetch_batch_size=100,
        terminal_flush_batch_size=25,
        min_fetch_interval=0.2,
        max_fetch_interval=2.0,
        lease_ttl_seconds=lease_seconds,
        retry_strategy=_WITHOUT_END,
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def relay(message: OutboxMessage) -> None:
        head = parse_head(message.body)
        await transport.publish(
            Message(
                message_id=str(head.message_id),
                event_type=head.type,
                sender=database.service,
                correlation_id=head.correlation_id,
                body=message.body,
            )
        )
        EVENTS_PUBLISHED.labels(database.service, head.type).inc()

    return broker
