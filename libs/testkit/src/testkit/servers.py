"""Finding a PostgreSQL and a RabbitMQ for the tests: named in the environment, running here, in Docker, or our own."""

import getpass
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

from embedded.errors import CannotStart, NotInstalled
from embedded.postgres import EmbeddedPostgres
from embedded.rabbitmq import PrivateRabbitMQ, install_if_missing

from testkit import docker
from testkit.databases import plain
from testkit.probes import NotUsable, amqp_answers, postgres_answers

_SOCKET_FOLDERS = (Path("/run/postgresql"), Path("/var/run/postgresql"), Path("/tmp"))
_LOCAL_BROKER = "amqp://guest:guest@127.0.0.1:5672/"

Answers = Callable[[str], None]
"""Raises `NotUsable` unless tests can use the server at a URL."""


def _leave_it_running() -> None:
    """What `stop` does to a server that is not ours."""


@dataclass(frozen=True)
class Server:
    """A server tests may use.

    Attributes:
        url: where, with a user that may create what tests need.
        where: one line for people: what was found and how.
        stop: ends it if we started it.
    """

    url: str
    where: str
    stop: Callable[[], None] = _leave_it_running


Finder = Callable[[], Server]
"""Gives a server, or raises `NotUsable` with the reason."""


class NoServer(Exception):
    """There is no server for the tests; the text gives each finder's reason and what to do."""


def find_postgres() -> Server:
    """PostgreSQL from TEST_DATABASE_URL, this machine, Docker, or the embedded wheel, whatever comes first.

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


def find_rabbitmq() -> Server:
    """RabbitMQ from TEST_BROKER_URL, this machine, Docker, or a private node, whatever comes first.

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
    """Ask in order; the first server wins and later finders are not asked.

    Raises:
        NoServer: none had one.
    """
    reasons = []
    for find in finders:
        try:
            return find()
        except NotUsable as reason:
            reasons.append(f"  - {reason}")
    raise NoServer("\n".join([f"no {kind} for the tests:", *reasons]))


def named(kind: str, variable: str, environ: Mapping[str, str], answers: Answers) -> Server:
    """The server an environment variable names. One that is named but does not work is never passed over in silence.

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
    """The first of `urls` that answers."""
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
    """A container of our own."""
    chosen = image()
    url, stop = docker.run(chosen, answers)
    return Server(url, f"{kind}: {chosen.name} in Docker", stop)


def own_postgres() -> Server:
    """A throw-away server from the embedded wheel."""
    server = EmbeddedPostgres(_temporary("postgres"))
    try:
        server.start()
    except CannotStart as error:
        server.remove()
        raise NotUsable(f"embedded PostgreSQL: {error}") from error
    return Server(server.url, "PostgreSQL: embedded, in a temporary folder", server.remove)


def own_rabbitmq() -> Server:
    """A throw-away private node, installing the distribution's package first when we are root."""
    try:
        install_if_missing()
        node = PrivateRabbitMQ(_temporary("rabbitmq"))
    except NotInstalled as error:
        raise NotUsable(str(error)) from None
    try:
        node.start()
    except CannotStart as error:
        node.remove()
        raise NotUsable(f"private RabbitMQ: {error}") from error
    return Server(node.url, "RabbitMQ: a private node, in a temporary folder", node.remove)


def local_postgres_urls() -> Iterator[str]:
    """Where a PostgreSQL of this machine usually lets developers in."""
    yield "postgresql://postgres@127.0.0.1:5432/postgres"
    for folder in _SOCKET_FOLDERS:
        if (folder / ".s.PGSQL.5432").exists():
            yield f"postgresql://{quote(getpass.getuser())}@/postgres?host={folder}"


def _temporary(name: str) -> Path:
    # Not mkdtemp: its folder is closed to the user the server runs as when we are root.
    return Path(tempfile.gettempdir()) / f"startline-{name}-{secrets.token_hex(8)}"


def _place(url: str) -> str:
    """`url` for people: without what stands before the @."""
    return url.rpartition("@")[2]
