"""`startline`: the command line for operators."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence

import asyncpg
from chassis.settings import load
from embedded.errors import CannotStart

from standalone import deadletters, populate, republish, seed, staff, up
from standalone.databases import migrate, reachable_server
from standalone.doctor import command as doctor
from standalone.provisioning import command as provisioning
from standalone.settings import StandaloneSettings

Command = Callable[[StandaloneSettings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    parsed = _parser().parse_args(arguments)
    command: Command = parsed.command
    try:
        code = command(load(StandaloneSettings), parsed)
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:  # the reader closed the pipe; do not write the rest at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except asyncpg.InvalidCatalogNameError as error:
        sys.exit(f"startline: {error}; `startline migrate` creates what is missing")
    except (CannotStart, ConnectionError) as error:
        sys.exit(f"startline: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="startline", description="Registration platform for fun runs and marathons")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "up", "run the whole platform in this process", lambda settings, _: up.run(settings))
    _add(commands, "migrate", "create the databases and bring them up to date", _migrate)
    _add(commands, "provision", "prepare a PostgreSQL and a RabbitMQ that services share", provisioning.run)
    _add(commands, "owner", "create the first owner, if there are no staff yet", _owner)
    _add(commands, "demo", "play the whole journey on a fresh platform and check it", _demo)
    journey = _add(commands, "journey", "play the whole journey on a running platform and check it", _journey)
    journey.add_argument("url", help="of the platform")
    journey.add_argument("--simulators", metavar="URL", help="base URL of the simulators, if it differs")
    staff.add_to(_add(commands, "staff", "members of staff: list, add, password", staff.run))
    seed.add_to(_add(commands, "seed", "create the example event with its categories", seed.run))
    crowd = "create an event with many made-up registrations, to try out large numbers"
    populate.add_to(_add(commands, "populate", crowd, populate.run))
    doctor.add_to(_add(commands, "doctor", "check the invariants across all services", doctor.run))
    deadletters.add_to(
        _add(commands, "dead-letters", "events that were given up: list, show, replay, drop", deadletters.run)
    )
    again = "put events that were sent before back into the outboxes, after a restore"
    republish.add_to(_add(commands, "republish", again, republish.run))
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, command: Command
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(command=command)
    return parser


def _migrate(settings: StandaloneSettings, _: argparse.Namespace) -> int:
    with reachable_server(settings, create=True) as server:
        migrate(server)
    return 0


def _owner(settings: StandaloneSettings, _: argparse.Namespace) -> int:
    with reachable_server(settings) as server:
        asyncio.run(up.create_first_owner(settings, server))
    return 0


def _demo(settings: StandaloneSettings, _: argparse.Namespace) -> int:
    from standalone.demo import play  # noqa: PLC0415  # imports an image decoder that only this needs

    return asyncio.run(play(settings))


def _journey(settings: StandaloneSettings, arguments: argparse.Namespace) -> int:
    from standalone.journey.command import play  # noqa: PLC0415  # as above

    return asyncio.run(play(settings, arguments.url, simulators_url=arguments.simulators))
