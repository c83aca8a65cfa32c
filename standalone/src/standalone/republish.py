"""`startline republish`: put events that were sent before back into the outboxes."""

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from chassis.database import Database
from chassis.sent_events.commands import NotKept, republish, require_kept
from chassis.sent_events.queries import count_sent
from chassis.sent_events.rules import Period
from chassis.service import Service

from standalone.databases import Server, open_database, reachable_server
from standalone.services import SERVICES, service_named
from standalone.settings import StandaloneSettings

_ACTOR = "operator"


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    moment = "with its time zone: 2026-11-28T14:20+07:00"
    parser.add_argument("--since", required=True, type=_moment, metavar="MOMENT", help=moment)
    parser.add_argument("--until", type=_moment, metavar="MOMENT", help="in the same way (default: now)")
    parser.add_argument("--service", choices=[service.name for service in SERVICES], help="that sent them; else all")
    parser.add_argument("--dry-run", action="store_true", help="only count")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no moment like 2026-11-28T14:20+07:00") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no time zone: 2026-11-28T14:20+07:00, or Z for UTC")
    return moment


def run(settings: StandaloneSettings, arguments: argparse.Namespace) -> int:
    """Print the number of events by service and type. Return 1, with nothing changed, if some are not kept."""
    with reachable_server(settings) as server:
        try:
            found = asyncio.run(_run(server, arguments))
        except NotKept as reason:
            print(f"startline: {reason}")
            return 1
    for service, counts in found.items():
        for event_type, count in sorted(counts.items()):
            print(f"{service}\t{event_type}\t{count}")
    total = sum(counts.total() for counts in found.values())
    print(f"{total} events {'would be sent' if arguments.dry_run else 'wait in the outboxes to be sent'} again.")
    return 0


async def _run(server: Server, arguments: argparse.Namespace) -> dict[str, Counter[str]]:
    services: Sequence[Service[Any]] = SERVICES if arguments.service is None else [service_named(arguments.service)]
    async with AsyncExitStack() as stack:
        databases = [open_database(server, service) for service in services]
        for database in databases:
            stack.push_async_callback(database.close)
        return await _republish(databases, arguments)


async def _republish(databases: Sequence[Database], arguments: argparse.Namespace) -> dict[str, Counter[str]]:
    """Check all services before the first event is put back."""
    periods = [await require_kept(database, arguments.since, arguments.until) for database in databases]
    take = count_sent if arguments.dry_run else _put_back
    return {database.service: await take(database, period) for database, period in zip(databases, periods, strict=True)}


async def _put_back(database: Database, period: Period) -> Counter[str]:
    return await republish(database, period, by=_ACTOR)
