"""Finding a PostgreSQL and a RabbitMQ for tests: from the environment, running here, in Docker, or private."""

import getpass
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import disk_usage
from urllib.parse import quote

from embedded.errors import CannotStart, NotInstalled
from embedded.postgres import EmbeddedPostgres
from embedded.rabbitmq import PrivateRabbitMQ, install_if_missing

from testkit import docker
from testkit.databases import plain
from testkit.probes import NotUsable, amqp_answers, postgres_answers

_SOCKET_FOLDERS = (Path("/run/postgresql"), Path("/var/run/postgresql"), Path("/tmp"))
_MEMORY = Path("/dev/shm")  # a folder with a random name in it
_ROOM_BYTES = 4 * 2**30
_CONNECTIONS = 400
_LOCAL_BROKER = "amqp://guest:guest@127.0.0.1:5672/"

Answers = Callable[[str], None]
"""Raises `NotUsable` unless tests can use the server at a URL."""


def _leave_it_running() -> None:
    """Do nothing, as the server was not started here."""


@dataclass(frozen=True)
class Server:
    """A server that tests may use.

    Attributes:
        url: with a user that may create what tests need.
        where: one line that describes what was found and how.
        stop: stops it if it was started here.
    """

    url: str
    where: str
    stop: Callable[[], None] = _leave_it_running


Finder = Callable[[], Server]
"""Returns a server, or raises `NotUsable` with the reason."""


class NoServer(Exception):
    """There is no server for the tests; the text has each finder's reason and what to do."""


def find_postgres() -> Server:
    """Return the first PostgreSQL found: TEST_DATABASE_URL, this machine, Docker, or the embedded wheel.

    Raises:
        NoServer
    """
    return first_found(
        "PostgreSQL",
        [
            partial(named, "PostgreSQL", "TEST_DATABASE_URL", os.environ, postgres_answers),
            partial(running_here, "PostgreSQL", list(local_postgres_urls()), postgres_answers),
            partial(in_docker, "PostgreSQL", docker.postgres_image, postgres_answers),
            own_postgres,
        ],
    )


def fast_postgres() -> Server:
    """Return the PostgreSQL for a run of many tests: TEST_DATABASE_URL, or one of our own, whose files are in memory.

    Tests create and drop databases all the time, which a server on a disk spends on waiting for it. Where none of our
    own starts, it is the first that `find_postgres` finds.

    Raises:
        NoServer
    """
    return first_found(
        "PostgreSQL",
        [
            partial(named, "PostgreSQL", "TEST_DATABASE_URL", os.environ, postgres_answers),
            own_postgres,
            find_postgres,
        ],
    )


def find_rabbitmq() -> Server:
    """Return the first RabbitMQ found: TEST_BROKER_URL, this machine, Docker, or a private node.

    Raises:
        NoServer
    """
    return first_found(
        "RabbitMQ",
        [
            partial(named, "RabbitMQ", "TEST_BROKER_URL", os.environ, amqp_answers),
            partial(running_here, "RabbitMQ", [_LOCAL_BROKER], amqp_answers),
            partial(in_docker, "RabbitMQ", docker.rabbitmq_image, amqp_answers),
            own_rabbitmq,
        ],
    )


def first_found(kind: str, finders: Sequence[Finder]) -> Server:
    """Call the finders in order and return the first server; later finders are not called.

    Raises:
        NoServer: no finder found one.
    """
    reasons = []
    for find in finders:
        try:
            return find()
        except NotUsable as reason:
            reasons.append(f"  - {reason}")
    raise NoServer("\n".join([f"no {kind} for the tests:", *reasons]))


def named(kind: str, variable: str, environ: Mapping[str, str], answers: Answers) -> Server:
    """Return the server that an environment variable names. A named server that does not work is always an error.

    Raises:
        NotUsable: the variable is not set.
        NoServer: it is set, and tests cannot use that server.
    """
    url = environ.get(variable)
    if not url:
        raise NotUsable(f"{variable} is not set")
    url = plain(url) if "postgres" in url.partition("://")[0] else url
    try:
        answers(url)
    except NotUsable as reason:
        raise NoServer(f"{variable} names a {kind} that tests cannot use: {reason}") from None
    return Server(url, f"{kind}: {variable}")


def running_here(kind: str, urls: Sequence[str], answers: Answers) -> Server:
    """Return the first of `urls` that answers.

    Raises:
        NotUsable: none does.
    """
    reasons = []
    for url in urls:
        try:
            answers(url)
        except NotUsable as reason:
            reasons.append(f"{_place(url)} {reason}")
        else:
            return Server(url, f"{kind}: {_place(url)}")
    raise NotUsable(f"nothing usable runs here: {', '.join(reasons)}")


def in_docker(kind: str, image: Callable[[], docker.Image], answers: Answers) -> Server:
    """Start a container.

    Raises:
        NotUsable: it could not be started.
    """
    chosen = image()
    url, stop = docker.run(chosen, answers)
    return Server(url, f"{kind}: {chosen.name} in Docker", stop)


def own_postgres() -> Server:
    """Start a temporary server from the embedded wheel, in memory where there is room.

    Raises:
        NotUsable: it could not be started.
    """
    place = _MEMORY if _has_room(_MEMORY) else Path(tempfile.gettempdir())
    server = EmbeddedPostgres(_temporary("postgres", place), max_connections=_CONNECTIONS)
    try:
        server.start()
    except CannotStart as error:
        server.remove()
        raise NotUsable(f"embedded PostgreSQL: {error}") from error
    where = "memory" if place == _MEMORY else "a temporary folder"
    return Server(server.url, f"PostgreSQL: embedded, in {where}", server.remove)


def own_rabbitmq() -> Server:
    """Start a temporary private node; as root, install the distribution's package first if it is missing.

    Raises:
        NotUsable: it could not be installed or started.
    """
    try:
        install_if_missing()
        node = PrivateRabbitMQ(_temporary("rabbitmq", Path(tempfile.gettempdir())))
    except NotInstalled as error:
        raise NotUsable(str(error)) from None
    try:
        node.start()
    except CannotStart as error:
        node.remove()
        raise NotUsable(f"private RabbitMQ: {error}") from error
    return Server(node.url, "RabbitMQ: a private node, in a temporary folder", node.remove)


def local_postgres_urls() -> Iterator[str]:
    """Yield the usual URLs of a developer's PostgreSQL on this machine."""
    yield "postgresql://postgres@127.0.0.1:5432/postgres"
    for folder in _SOCKET_FOLDERS:
        if (folder / ".s.PGSQL.5432").exists():
            yield f"postgresql://{quote(getpass.getuser())}@/postgres?host={folder}"


def _temporary(name: str, place: Path) -> Path:
    # Not mkdtemp: as root, its folder is not accessible to the user that the server runs as.
    return place / f"startline-{name}-{secrets.token_hex(8)}"


def _has_room(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and disk_usage(folder).free >= _ROOM_BYTES


def _place(url: str) -> str:
    """Return `url` without the login before the @."""
    return url.rpartition("@")[2]
