"""In which order servers are looked for, and what is said when there is none."""

import os
import socket
from collections.abc import Callable

import pytest
from testkit.databases import _connection
from testkit.probes import NotUsable, amqp_answers, postgres_answers
from testkit.servers import Finder, NoServer, Server, find_postgres, find_rabbitmq, first_found, named, running_here


def _has(name: str, asked: list[str]) -> Finder:
    def find() -> Server:
        asked.append(name)
        return Server(f"postgresql://{name}", name)

    return find


def _has_none(name: str, asked: list[str]) -> Finder:
    def find() -> Server:
        asked.append(name)
        raise NotUsable(f"{name} is asleep")

    return find


def _only(good: str, asked: list[str]) -> Callable[[str], None]:
    def answers(url: str) -> None:
        asked.append(url)
        if url != good:
            raise NotUsable("refused")

    return answers


def test_the_first_server_wins_and_later_finders_are_not_asked() -> None:
    asked: list[str] = []

    server = first_found("PostgreSQL", [_has_none("first", asked), _has("second", asked), _has("third", asked)])

    assert server.where == "second"
    assert asked == ["first", "second"]


def test_when_there_is_none_every_reason_is_told() -> None:
    asked: list[str] = []

    with pytest.raises(NoServer) as told:
        first_found("RabbitMQ", [_has_none("local", asked), _has_none("docker", asked)])

    assert str(told.value).splitlines() == ["no RabbitMQ for the tests:", "  - local is asleep", "  - docker is asleep"]


def test_a_named_server_is_taken_with_the_driver_name_removed() -> None:
    asked: list[str] = []
    environ = {"TEST_DATABASE_URL": "postgresql+asyncpg://me:word@db/x"}

    server = named("PostgreSQL", "TEST_DATABASE_URL", environ, _only("postgresql://me:word@db/x", asked))

    assert server == Server("postgresql://me:word@db/x", "PostgreSQL: TEST_DATABASE_URL")


def test_a_variable_that_is_not_set_lets_the_next_finder_look() -> None:
    with pytest.raises(NotUsable, match="TEST_BROKER_URL is not set"):
        named("RabbitMQ", "TEST_BROKER_URL", {}, _only("amqp://x/", []))


def test_a_named_server_that_does_not_work_is_an_error_and_not_passed_over() -> None:
    asked: list[str] = []
    environ = {"TEST_BROKER_URL": "amqp://me:word@nowhere/"}

    with pytest.raises(NoServer, match="TEST_BROKER_URL names a RabbitMQ that tests cannot use: refused") as told:
        first_found(
            "RabbitMQ",
            [lambda: named("RabbitMQ", "TEST_BROKER_URL", environ, _only("other", asked)), _has("local", asked)],
        )

    assert asked == ["amqp://me:word@nowhere/"]
    assert "word" not in str(told.value)


def test_local_addresses_are_tried_in_order_and_told_without_passwords() -> None:
    asked: list[str] = []
    addresses = ["amqp://guest:guest@one/", "amqp://guest:guest@two/", "amqp://guest:guest@three/"]

    server = running_here("RabbitMQ", addresses, _only(addresses[1], asked))

    assert asked == addresses[:2]
    assert server.where == "RabbitMQ: two/"
    with pytest.raises(NotUsable, match="one/ refused, two/ refused, three/ refused") as told:
        running_here("RabbitMQ", addresses, _only("four", asked))
    assert "guest" not in str(told.value)


def test_the_servers_found_here_answer_and_the_environment_names_them_again(
    postgres_server: Server, rabbitmq_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", postgres_server.url)
    monkeypatch.setenv("TEST_BROKER_URL", rabbitmq_url)

    assert find_postgres().where == "PostgreSQL: TEST_DATABASE_URL"
    assert find_rabbitmq().where == "RabbitMQ: TEST_BROKER_URL"
    assert os.environ["TEST_DATABASE_URL"] == find_postgres().url


def test_a_port_nobody_listens_on_is_not_usable() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]

        with pytest.raises(NotUsable, match="ConnectionRefused"):
            postgres_answers(f"postgresql://postgres@127.0.0.1:{port}/postgres")
        with pytest.raises(NotUsable, match=r"AMQPConnectionError|ConnectionRefused"):
            amqp_answers(f"amqp://guest:guest@127.0.0.1:{port}/")


def test_a_broker_that_refuses_the_login_is_not_usable(rabbitmq_url: str) -> None:
    place = rabbitmq_url.rpartition("@")[2]

    with pytest.raises(NotUsable):
        amqp_answers(f"amqp://guest:not-the-password@{place}")


async def test_a_user_who_may_not_create_databases_is_not_enough(postgres_server: Server) -> None:
    async with _connection(postgres_server.url) as admin:
        name = f"startline_test_role_{os.getpid()}"
        await admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'word'")
        try:
            place = postgres_server.url.rpartition("@")[2]
            with pytest.raises(NotUsable, match="may not create databases"):
                postgres_answers(f"postgresql://{name}:word@{place}")
        finally:
            await admin.execute(f"DROP ROLE {name}")
