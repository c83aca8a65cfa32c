"""Whether a Docker daemon is there is found out quickly, whatever sits at its address."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from testkit.docker import daemon_answers, postgres_image, rabbitmq_image, run
from testkit.probes import NotUsable


@contextmanager
def _daemon(path: Path, answer: bytes | None) -> Iterator[dict[str, str]]:
    """Something listening at `path` that gives `answer` to one question, or stays silent."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        visitor, _ = server.accept()
        with visitor:
            visitor.recv(1000)
            if answer is not None:
                visitor.sendall(answer)
            else:
                visitor.recv(1000)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield {"DOCKER_HOST": f"unix://{path}"}
    finally:
        thread.join()
        server.close()


def test_a_daemon_that_answers_the_ping_is_there(tmp_path: Path) -> None:
    with _daemon(tmp_path / "d", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nOK") as environ:
        assert daemon_answers(environ)


def test_a_daemon_in_trouble_is_as_good_as_none(tmp_path: Path) -> None:
    with _daemon(tmp_path / "d", b"HTTP/1.0 500 Oops\r\n\r\n") as environ:
        assert not daemon_answers(environ)
    with _daemon(tmp_path / "e", b"this is not HTTP\r\n") as environ:
        assert not daemon_answers(environ)


def test_a_daemon_that_hangs_is_given_up_after_a_second(tmp_path: Path) -> None:
    with _daemon(tmp_path / "d", None) as environ:
        asked = time.monotonic()
        assert not daemon_answers(environ)
        assert time.monotonic() - asked < 3


def test_without_a_daemon_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing-here")

    with pytest.raises(NotUsable, match="no Docker daemon answers"):
        run(postgres_image(), lambda _: None)


def test_every_container_has_a_password_of_its_own() -> None:
    assert postgres_image().url != postgres_image().url
    rabbitmq = rabbitmq_image()
    assert f":{rabbitmq.environment['RABBITMQ_DEFAULT_PASS']}@" in rabbitmq.url
    assert rabbitmq.url != rabbitmq_image().url
