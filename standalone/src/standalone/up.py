"""`startline up`: run the platform until a signal stops it."""

import asyncio
import secrets
import sys

import uvloop
from chassis.process import until_stop_signal
from chassis.telemetry import configure_logging
from embedded.errors import CannotStart
from embedded.ports import why_not_free
from identity.accounts.rules import password_problem
from identity.staff.commands import ensure_first_owner

from standalone.databases import Server, migrate, open_database, running_server
from standalone.platform import Platform
from standalone.services import service_named
from standalone.settings import StandaloneSettings

_NAME = "Owner"
_LOOK_SECONDS = 1.0


def run(settings: StandaloneSettings) -> int:
    """Run until SIGTERM or SIGINT; return 0.

    Raises:
        CannotStart: the port is in use, or an embedded PostgreSQL could not be started or has ended.
    """
    configure_logging(settings.log_level)
    _require_port(settings)
    with running_server(settings) as server:
        migrate(server)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, server))
    return 0


def _require_port(settings: StandaloneSettings) -> None:
    """Check the port before anything is created: a failing start must not print the password that is shown once."""
    host, port = settings.startline_host, settings.startline_port
    why = why_not_free(host, port) if port else None
    if why is not None:
        raise CannotStart(f"cannot listen on {host}:{port}: {why}; STARTLINE_PORT and STARTLINE_HOST name another")


async def _serve(settings: StandaloneSettings, server: Server) -> None:
    stop = asyncio.create_task(until_stop_signal())
    await create_first_owner(settings, server)
    async with Platform(settings, server) as platform:
        _print_line(f"Startline is up: http://{settings.startline_host}:{platform.port}")
        if not settings.provider_configured:
            _print_line(f"What the simulators received: http://{settings.startline_host}:{platform.port}/simulators")
        ended = asyncio.create_task(_until_ended(server))
        await asyncio.wait((stop, ended), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise CannotStart("PostgreSQL has ended, so the platform stops; start it again, nothing stored is lost")
        _print_line("Stopping: what is under way is finished first.")


async def _until_ended(server: Server) -> None:
    while not server.has_ended():  # noqa: ASYNC110  # another process's end sends no event
        await asyncio.sleep(_LOOK_SECONDS)


async def create_first_owner(settings: StandaloneSettings, server: Server) -> None:
    """Create the first owner if there are no staff yet. A generated password is printed, only this once."""
    given = settings.startline_owner_password
    password = given.get_secret_value() if given else secrets.token_urlsafe(12)
    database = open_database(server, service_named("identity"))
    try:
        created = await ensure_first_owner(
            database, settings.startline_owner_email, _NAME, password, any_password=given is not None
        )
    finally:
        await database.close()
    if created and password_problem(password, email=settings.startline_owner_email, name=_NAME):
        _print_line(
            "Warning: the first owner's password is easy to guess. Choose another before anybody else can reach this."
        )
    if created and given is None:
        _print_line(f"First owner: {settings.startline_owner_email}  password: {password}  (shown this once)")


def _print_line(line: str) -> None:
    print(line, file=sys.stdout, flush=True)  # output for the operator
