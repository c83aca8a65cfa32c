"""A relay that is killed at a given moment.

Usage: relay_that_dies.py DATABASE_URL MOMENT

MOMENT is `before_publish`, `after_publish` (the row is still there) or `after_delete`. The id of each published event
goes to standard output before anything else happens.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from chassis.relay import relay_broker
from chassis.telemetry import configure_logging
from chassis.transports import InProcessTransport, Message
from testkit.example.service import example_database

moment = sys.argv[2]


def die_at(now: str) -> None:
    """Leave no time for any goodbye."""
    if now == moment:
        os.kill(os.getpid(), signal.SIGKILL)


class Recording(InProcessTransport):
    """Publishing means writing the id down."""

    async def publish(self, message: Message) -> None:
        die_at("before_publish")
        sys.stdout.write(f"{message.message_id}\n")
        sys.stdout.flush()
        die_at("after_publish")


def watch(event: str, _: Mapping[str, Any]) -> None:
    """The outbox says when a row was deleted."""
    if event == "acked":
        die_at("after_delete")


async def main() -> None:
    """Relay until killed."""
    configure_logging("ERROR")
    database = example_database(sys.argv[1])
    await relay_broker(database, Recording(), workers=1, metrics_recorder=watch).start()
    await asyncio.sleep(30)


asyncio.run(main())
