"""`startline dead-letters`: events that were given up and wait for a person."""

import argparse
import asyncio
import json
from contextlib import suppress
from typing import Any

from chassis import retries
from chassis.database import Database
from chassis.retries import UnknownDeadLetter

from standalone.databases import Server, open_database, reachable_server
from standalone.services import SERVICES, service_named
from standalone.settings import StandaloneSettings

_ACTOR = "operator"
_ALL = 1_000_000


def add_to(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    names = [service.name for service in SERVICES]
    listed = actions.add_parser("list", help="of one service, or of all")
    listed.add_argument("service", nargs="?", choices=names)
    for action, summary in (("show", "with what it says"), ("replay", "try again"), ("drop", "give up for good")):
        parsed = actions.add_parser(action, help=summary)
        parsed.add_argument("service", choices=names)
        parsed.add_argument("id", help="a number from the list" + (", or all" if action == "replay" else ""))


def run(settings: StandaloneSettings, arguments: argparse.Namespace) -> int:
    """Carry it out; 1 when there is no such dead letter."""
    with reachable_server(settings) as server:
        try:
            asyncio.run(_run(server, arguments))
        except (UnknownDeadLetter, ValueError):
            print(f"startline: {arguments.service} has no dead letter {arguments.id}")
            return 1
    return 0


async def _run(server: Server, arguments: argparse.Namespace) -> None:
    names = [arguments.service] if arguments.service else [service.name for service in SERVICES]
    for name in names:
        database = open_database(server, service_named(name))
        try:
            await _carry_out(database, arguments)
        finally:
            await database.close()


async def _carry_out(database: Database, arguments: argparse.Namespace) -> None:
    match arguments.action:
        case "list":
            for row in await retries.list_dead_letters(database, limit=_ALL):
                _print_row(database.service, row)
        case "show":
            row = await retries.show_dead_letter(database, int(arguments.id))
            print(json.dumps({**row, "payload": row["payload"].decode(errors="replace")}, default=str, indent=2))
        case "replay" if arguments.id == "all":
            for row in await retries.list_dead_letters(database, limit=_ALL):
                with suppress(UnknownDeadLetter):  # somebody else has dealt with it meanwhile
                    await retries.replay_dead_letter(database, row["id"], by=_ACTOR)
        case "replay":
            await retries.replay_dead_letter(database, int(arguments.id), by=_ACTOR)
        case "drop":
            await retries.drop_dead_letter(database, int(arguments.id), by=_ACTOR)


def _print_row(service: str, row: dict[str, Any]) -> None:
    event_type = (row["headers"] or {}).get("event_type", "?")
    print(f"{service}\t{row['id']}\t{event_type}\t{row['failed_at']:%Y-%m-%d %H:%M:%S}\t{row['last_exception']}")
