"""Servers in containers: the same images as compose, found by the same questions as every other server."""

import os
from collections.abc import Callable

import pytest
from testkit import docker
from testkit.probes import NotUsable, amqp_answers, postgres_answers
from testkit.servers import in_docker

_CASES = [
    ("PostgreSQL", docker.postgres_image, postgres_answers),
    ("RabbitMQ", docker.rabbitmq_image, amqp_answers),
]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not docker.daemon_answers(os.environ), reason="no Docker daemon answers")
@pytest.mark.parametrize(("kind", "image", "answers"), _CASES, ids=[kind for kind, *_ in _CASES])
def test_a_container_serves_tests_and_is_gone_when_stopped(
    kind: str, image: Callable[[], docker.Image], answers: Callable[[str], None]
) -> None:
    server = in_docker(kind, image, answers)

    try:
        assert server.where == f"{kind}: {image().name} in Docker"
        answers(server.url)
    finally:
        server.stop()

    with pytest.raises(NotUsable):
        answers(server.url)
