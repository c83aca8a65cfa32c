"""Reads the retry table and is killed by one event; handles the others.

Usage: retry_that_one_kills.py DATABASE_URL EVENT_ID
"""

import asyncio
import os
import signal
import sys
from typing import Any

from chassis.database import UnitOfWork
from chassis.inbox import Handlers, Inbox
from chassis.retries import retry_broker
from contracts import Event, RegistrationCancelled
from testkit.example.service import example_database, leave_effect

handlers = Handlers()


@handlers.on(RegistrationCancelled)
async def die_of_one(event: Event[Any], work: UnitOfWork) -> None:
    """Leave no time for any goodbye."""
    if str(event.message_id) == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.sleep(0.1)
    await leave_effect(event, work)


async def main() -> None:
    """Retry until killed or done."""
    database = example_database(sys.argv[1])
    await retry_broker(database, Inbox(database, handlers), lease_seconds=0.5).start()
    await asyncio.sleep(4)


asyncio.run(main())
