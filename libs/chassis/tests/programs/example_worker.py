"""A real worker of the example: settings from the environment, events from RabbitMQ, stopped by a signal.

Says `begun` when a handler starts; the handler then takes a while.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Any

from chassis.database import UnitOfWork
from chassis.inbox import Handlers
from chassis.process import run_worker
from chassis.settings import ServiceSettings, load
from chassis.transports import Transport
from chassis.worker import Periodic, Worker
from contracts import Event, RegistrationCancelled
from testkit.example.service import complete, example_database, leave_effect

handlers = Handlers()


def say(word: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


@handlers.on(RegistrationCancelled)
async def take_a_while(event: Event[Any], work: UnitOfWork) -> None:
    """Be in the middle of something when the signal comes."""
    say("begun")
    await asyncio.sleep(0.7)
    await leave_effect(event, work)


async def tick() -> None:
    """Show that periodic work runs."""
    say("tick")


settings = load(ServiceSettings)


def build(transport: Transport) -> Worker:
    """The worker on the database of the settings."""
    periodic = [Periodic("tick", timedelta(hours=1), tick)]
    return Worker(example_database(settings.database_url), transport, complete(handlers), periodic=periodic)


run_worker(settings, build, port=settings.worker_port)
