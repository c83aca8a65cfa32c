"""The last resort: servers of our own, gone without a trace afterwards."""

import tempfile
from pathlib import Path

from testkit.databases import Databases
from testkit.probes import amqp_answers, postgres_answers
from testkit.servers import own_postgres, own_rabbitmq
from testkit.threads import run_apart


def _folders() -> set[Path]:
    return {
        path
        for place in (tempfile.gettempdir(), "/dev/shm")
        for kind in ("postgres", "rabbitmq")
        for path in Path(place).glob(f"startline-{kind}-*")
    }


def test_an_embedded_postgres_serves_databases_and_leaves_nothing() -> None:
    before = _folders()
    server = own_postgres()
    try:
        postgres_answers(server.url)
        databases = Databases(server.url)
        template = run_apart(databases.template("payment", lambda _: None))
        clone = run_apart(databases.clone(template))
        assert {template, clone.rpartition("/")[2]} == set(run_apart(databases._names()))
    finally:
        server.stop()

    assert _folders() <= before


def test_a_private_rabbitmq_takes_logins_and_leaves_nothing() -> None:
    before = _folders()
    server = own_rabbitmq()
    try:
        amqp_answers(server.url)
    finally:
        server.stop()

    assert _folders() <= before
