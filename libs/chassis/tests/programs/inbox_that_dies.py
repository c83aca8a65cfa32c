"""Handles the event on standard input and is killed between the effect and the commit.

Usage: inbox_that_dies.py DATABASE_URL
"""

import asyncio
import os
import signal
import sys
from typing import Any

from chassis.database import UnitOfWork
from chassis.inbox import Handlers, Inbox
from contracts import Event, RegistrationCancelled
from testkit.example.service import OWNER, example_database, leave_effect

handlers = Handlers()


@handlers.on(RegistrationCancelled)
async def die_after_the_effect(event: Event[Any], work: UnitOfWork) -> None:
    """The worst moment: all statements are through, none is committed."""
    await leave_effect(event, work)
    await work.write_events()
    os.kill(os.getpid(), signal.SIGKILL)


asyncio.run(Inbox(example_database(sys.argv[1]), handlers).deliver(sys.stdin.buffer.read(), OWNER))
