"""Logs as every process of ours does, also about failures that involve a person.

Usage: logs.py DATABASE_URL
"""

import asyncio
import logging
import sys
from typing import Any
from uuid import uuid4

from chassis.database import Database, UnitOfWork
from chassis.inbox import Handlers, Inbox
from chassis.retries import ParkedEventRetry, retry_broker
from chassis.telemetry import configure_logging, correlated, logger
from contracts import Event, RegistrationCancelled
from sqlalchemy import insert
from testkit.example.service import OWNER, cancelled, example_database, rows
from testkit.example.tables import Runner, service_tables
from testkit.polling import eventually

SARI = "sari@example.com"

log = logger("example")
handlers = Handlers()


@handlers.on(RegistrationCancelled)
async def sign_up_sari(event: Event[Any], work: UnitOfWork) -> None:
    """Works once."""
    await work.session.execute(insert(Runner).values(id=uuid4(), email=SARI, number=1))


def close_the_desk() -> None:
    """A mistake that involves nobody."""
    raise LookupError("the desk is closed") from KeyError("desk")


async def fail_over_sari(database: Database) -> None:
    """Have the database, a retry and our own code refuse her."""
    inbox = Inbox(database, handlers)
    await inbox.deliver(cancelled().to_bytes(), OWNER)
    try:
        await inbox.handle(cancelled().to_bytes())
    except Exception:
        log.exception("unforeseen_error")
    await inbox.schedule_retry(cancelled().to_bytes(), LookupError("nobody there"))
    retries = retry_broker(database, inbox, strategy=ParkedEventRetry(max_attempts=1))
    await retries.start()
    await eventually(lambda: rows(database, service_tables.dead_letters))
    await retries.stop()


async def main() -> None:
    """Log everything there is to log."""
    configure_logging("DEBUG")
    with correlated("request-7"):
        log.info("ticket_sent", participant_id="p-1")
        logging.getLogger("a.library").warning("as %s as ever", "slow")
    log.debug("ticket_drawn")
    for library in ("PIL.Image", "PIL.TiffImagePlugin", "python_multipart", "aiosmtplib", "sqlalchemy.engine"):
        logging.getLogger(library).debug("metadata: secret")
    logging.getLogger("httpx").info("GET http://gateway/?token=secret")
    try:
        close_the_desk()
    except LookupError:
        log.exception("mistake_of_ours")
    database = example_database(sys.argv[1])
    await fail_over_sari(database)
    await database.close()


asyncio.run(main())
