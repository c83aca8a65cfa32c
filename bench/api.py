"""Registration's HTTP half: events stay in the outbox."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import gettempdir

from chassis.secrets import new_key

from bench.processes import Process, processes
from bench.stage import Stage

WORKERS = 2

_APPLICATION = "registration.service:SERVICE.create_app"
_SECRET_KEY = new_key()


@contextmanager
def api_processes(
    stage: Stage,
    *,
    workers: int = WORKERS,
    application: str = _APPLICATION,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Sequence[int]]:
    """The ports of so many processes on one stage, all of them ready."""
    with registration_api(stage, workers=workers, application=application, environment=environment) as found:
        yield [process.port for process in found]


@contextmanager
def registration_api(
    stage: Stage,
    *,
    workers: int = WORKERS,
    application: str = _APPLICATION,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Sequence[Process]]:
    """So many processes on one stage, all of them ready."""
    common = {
        "DATABASE_URL": stage.url,
        "BROKER_URL": "amqp://unused",
        "SECRET_KEYS": _SECRET_KEY,
        "PUBLIC_URL": "http://127.0.0.1",
        "STAFF_JWKS_URL": "http://127.0.0.1:1/unused",
        "IMAGE_STORE": f"file://{gettempdir()}/startline-bench",
        "LOG_LEVEL": "ERROR",
        **(environment or {}),
    }
    with processes(application, common, workers=workers) as found:
        yield found
