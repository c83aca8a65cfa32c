"""Servers in containers, if a Docker daemon is available."""

import http.client
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from testkit.probes import NotUsable

_PING_SECONDS = 1.0
_READY_SECONDS = 120.0


@dataclass(frozen=True)
class Image:
    """An image and how to run and connect to it.

    Attributes:
        name: with its tag.
        port: inside the container.
        environment: for the container.
        command: arguments for the image's entry point.
        url: for clients, with {address} for host and port.
    """

    name: str
    port: int
    environment: Mapping[str, str]
    command: str
    url: str


def postgres_image() -> Image:
    """Return the image of PostgreSQL with a random password."""
    word = secrets.token_urlsafe(16)
    return Image(
        "postgres:17",
        5432,
        {"POSTGRES_PASSWORD": word},
        "-c max_connections=200",
        f"postgresql://postgres:{word}@{{address}}/postgres",
    )


def rabbitmq_image() -> Image:
    """Return the image of RabbitMQ with a random password."""
    word = secrets.token_urlsafe(16)
    login = {"RABBITMQ_DEFAULT_USER": "startline", "RABBITMQ_DEFAULT_PASS": word}
    return Image("rabbitmq:4-management", 5672, login, "", f"amqp://startline:{word}@{{address}}/")


def run(image: Image, answers: Callable[[str], None]) -> tuple[str, Callable[[], None]]:
    """Start a container and wait until `answers` raises nothing; return its URL and a function that stops it.

    Raises:
        NotUsable: there is no daemon or no such image, or the server did not start.
    """
    if not daemon_answers(os.environ):
        raise NotUsable("no Docker daemon answers")
    # Imported only here: importing and using the client without a daemon leaves open sockets.
    from docker.errors import DockerException  # noqa: PLC0415  # see above
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # see above

    container = DockerContainer(image.name).with_exposed_ports(image.port).with_envs(**image.environment)
    if image.command:
        container = container.with_command(image.command)
    try:
        _do_without_reaper_if_there_is_none()
        container.start()
    except (DockerException, OSError) as error:
        raise NotUsable(f"Docker could not run {image.name}: {type(error).__name__}") from error
    url = image.url.format(address=f"{container.get_container_host_ip()}:{container.get_exposed_port(image.port)}")
    try:
        _wait(url, answers)
    except NotUsable:
        container.stop()
        raise
    return url, container.stop


def _do_without_reaper_if_there_is_none() -> None:
    """Disable testcontainers' reaper, which cleans up after killed tests, if its image is not available."""
    from docker import from_env  # noqa: PLC0415  # as in `run`
    from docker.errors import DockerException, ImageNotFound  # noqa: PLC0415  # as in `run`
    from testcontainers.core.config import testcontainers_config  # noqa: PLC0415  # as in `run`

    client = from_env()
    try:
        client.images.get(testcontainers_config.ryuk_image)
    except ImageNotFound:
        try:
            client.images.pull(testcontainers_config.ryuk_image)
        except (DockerException, OSError):
            testcontainers_config.ryuk_disabled = True
    finally:
        client.close()


def daemon_answers(environ: Mapping[str, str]) -> bool:
    """Return whether the current user's daemon answers a ping within a second."""
    return any(_ping(address) for address in _addresses(environ))


def _addresses(environ: Mapping[str, str]) -> list[str]:
    if host := environ.get("DOCKER_HOST"):
        return [host]
    return ["unix:///var/run/docker.sock", f"unix://{Path.home()}/.docker/run/docker.sock"]


def _ping(address: str) -> bool:
    parts = urlsplit(address)
    try:
        with _connect(parts.scheme, parts.path, parts.hostname or "", parts.port or 2375) as connection:
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False


def _connect(scheme: str, path: str, host: str, port: int) -> socket.socket:
    if scheme != "unix":
        return socket.create_connection((host, port), timeout=_PING_SECONDS)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_PING_SECONDS)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def _wait(url: str, answers: Callable[[str], None]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            return answers(url)
        except NotUsable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
