"""`startline staff`: manage staff without logging in."""

import argparse
import asyncio
import getpass
import secrets
import sys
from typing import TextIO

from chassis.auth.principals import Role
from chassis.database import Database
from chassis.errors import StartlineError
from identity.accounts.passwords import Passwords
from identity.accounts.tables import StaffMember
from identity.staff.commands import create_staff, set_password
from sqlalchemy import select

from standalone.databases import Server, open_database, reachable_server
from standalone.services import service_named
from standalone.settings import StandaloneSettings

_ACTOR = "operator"


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="list all members of staff")
    add = actions.add_parser(
        "add", help="add a member of staff; the password is read from the terminal, or generated and printed"
    )
    add.add_argument("email")
    add.add_argument("--name", required=True)
    add.add_argument("--role", required=True, choices=[role.value for role in Role])
    password = actions.add_parser("password", help="set a new password; sessions of this member end")
    password.add_argument("email")


def run(settings: StandaloneSettings, arguments: argparse.Namespace) -> int:
    """Run the command. Return 0 if it succeeded."""
    with reachable_server(settings) as server:
        return asyncio.run(_run(server, arguments))


async def _run(server: Server, arguments: argparse.Namespace) -> int:
    database = open_database(server, service_named("identity"))
    try:
        await _carry_out(database, arguments)
    except StartlineError as error:
        _print_line(f"startline: {error} {error.extra.get('errors', '')}".rstrip(), sys.stderr)
        return 1
    finally:
        await database.close()
    return 0


async def _carry_out(database: Database, arguments: argparse.Namespace) -> None:
    match arguments.action:
        case "list":
            async with database.read() as session:
                for member in (await session.execute(select(StaffMember).order_by(StaffMember.email))).scalars():
                    _print_line(
                        f"{member.email}\t{member.role}\t{'active' if member.is_active else 'disabled'}\t{member.name}"
                    )
        case "add":
            role = Role(arguments.role)
            password = _password()
            await create_staff(
                database,
                Passwords(),
                name=arguments.name,
                email=arguments.email,
                role=role,
                password=password,
                by=_ACTOR,
            )
        case "password":
            await set_password(database, arguments.email, _password(), by=_ACTOR)


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("New password: ")
    made_up = secrets.token_urlsafe(12)
    _print_line(f"password: {made_up}")
    return made_up


def _print_line(line: str, stream: TextIO = sys.stdout) -> None:
    print(line, file=stream)
