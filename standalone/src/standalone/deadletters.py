"""`startline dead-letters`: list, show, replay and drop dead letters."""

import argparse
import asyncio
import json
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from chassis import retries
from chassis.database import Database
from chassis.retries import ForgedDeadLetter, UnknownDeadLetter
from chassis.senders import Refusal

from standalone.databases import Server, open_database, reachable_server
from standalone.services import SERVICES, service_named
from standalone.settings import StandaloneSettings

_ACTOR = "operator"
_ALL = 1_000_000
_SUMMARIES = {"show": "show with its payload", "replay": "retry", "drop": "delete"}
_MANY = {"replay": "all", "drop": "forged"}
"""`replay all` excludes events that another service than the owner sent; `drop forged` deletes only these."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    names = [service.name for service in SERVICES]
    listed = actions.add_parser("list", help="of one service, or of all")
    listed.add_argument("service", nargs="?", choices=names)
    for action, summary in _SUMMARIES.items():
        parsed = actions.add_parser(action, help=summary)
        parsed.add_argument("service", choices=names)
        many = f", or {_MANY[action]}" if action in _MANY else ""
        parsed.add_argument("id", help=f"a number from the list{many}")


def run(settings: StandaloneSettings, arguments: argparse.Namespace) -> int:
    """Run the command. Return 1 if there is no such dead letter, or if it may not be replayed."""
    with reachable_server(settings) as server:
        try:
            asyncio.run(_run(server, arguments))
        except ForgedDeadLetter as refusal:
            print(f"startline: {refusal}")
            return 1
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
            row = await retries.show_dead_letter(database, int(arguments.id), by=_ACTOR)
            print(json.dumps({**row, "payload": row["payload"].decode(errors="replace")}, default=str, indent=2))
        case "replay":
            for dead_letter_id in await _chosen(database, arguments):
                with _ignore_missing(arguments):
                    await retries.replay_dead_letter(database, dead_letter_id, by=_ACTOR)
        case "drop":
            for dead_letter_id in await _chosen(database, arguments):
                with _ignore_missing(arguments):
                    await retries.drop_dead_letter(database, dead_letter_id, by=_ACTOR)


async def _chosen(database: Database, arguments: argparse.Namespace) -> list[int]:
    """Return the ids of the dead letters that the argument names: a number, or a word for many."""
    if arguments.id != _MANY[arguments.action]:
        return [int(arguments.id)]
    rows = await retries.list_dead_letters(database, limit=_ALL)
    forged = arguments.action == "drop"
    return [row["id"] for row in rows if (row["failure_reason"] == Refusal.FORGED) is forged]


def _ignore_missing(arguments: argparse.Namespace) -> AbstractContextManager[None]:
    """Ignore a dead letter that was handled by another process meanwhile, unless it was named by its number."""
    return suppress(UnknownDeadLetter) if arguments.id == _MANY[arguments.action] else nullcontext()


def _print_row(service: str, row: dict[str, Any]) -> None:
    event_type = (row["headers"] or {}).get("event_type", "?")
    print(f"{service}\t{row['id']}\t{event_type}\t{row['failed_at']:%Y-%m-%d %H:%M:%S}\t{row['last_exception']}")
