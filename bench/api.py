"""Registration's HTTP half as it runs in production: a process per worker, events stay in the outbox."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import gettempdir

import httpx
from chassis.secrets import new_key
from embedded.ports import free_port

from bench.stage import Stage

WORKERS = 2

_ROOT = Path(__file__).resolve().parent.parent
_READY_SECONDS = 60.0
_SECRET_KEY = new_key()


@contextmanager
def api_processes(
    stage: Stage,
    *,
    workers: int = WORKERS,
    application: str = "registration.service:SERVICE.create_app",
    environment: Mapping[str, str] | None = None,
) -> Iterator[Sequence[int]]:
    """The ports of so many processes on one stage, all of them ready."""
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
    with ExitStack() as stack:
        ports = [stack.enter_context(_process(application, common)) for _ in range(workers)]
        for port in ports:
            _wait_until_ready(port)
        yield ports


@contextmanager
def _process(application: str, environment: Mapping[str, str]) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", application, "--port", str(port), "--loop", "uvloop"]
    command += [
        "--http",
        "chassis.web.server:BoundedHttp",
        "--no-access-log",
        "--no-proxy-headers",
        "--log-level",
        "error",
    ]
    command += ["--timeout-keep-alive", "600"]
    process = subprocess.Popen(command, env=dict(environment), cwd=_ROOT)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("the API did not come up")
