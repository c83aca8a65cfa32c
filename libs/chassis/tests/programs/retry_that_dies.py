"""Reads the retry table and is killed in the middle of the first event it tries.

Usage: retry_that_dies.py DATABASE_URL
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
from testkit.example.service import example_database

handlers = Handlers()


@handlers.on(RegistrationCancelled)
async def die(event: Event[Any], work: UnitOfWork) -> None:
    """Leave no time for any goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    """Retry until killed."""
    database = example_database(sys.argv[1])
    await retry_broker(database, Inbox(database, handlers)).start()
    await asyncio.sleep(30)


asyncio.run(main())
