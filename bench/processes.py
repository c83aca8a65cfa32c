"""Applications as they run in production: a process per worker, whose CPU time is counted."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from embedded.ports import free_port

_ROOT = Path(__file__).resolve().parent.parent
_READY_SECONDS = 60.0
_OPTIONS = (
    "--loop", "uvloop", "--http", "chassis.web.server:BoundedHttp", "--no-access-log", "--no-proxy-headers",
    "--log-level", "error", "--timeout-keep-alive", "600",
)  # fmt: skip
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """One worker of an application."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """What it has used of the CPU so far, in user and system mode."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / _TICKS_PER_SECOND  # utime and stime of proc(5)


@contextmanager
def processes(application: str, environment: Mapping[str, str], *, workers: int = 1) -> Iterator[Sequence[Process]]:
    """So many processes of an application, all of them ready.

    Args:
        application: of uvicorn, a factory: `module:function`.
    """
    with ExitStack() as stack:
        found = [stack.enter_context(_process(application, environment)) for _ in range(workers)]
        for process in found:
            _wait_until_ready(process)
        yield found


@contextmanager
def _process(application: str, environment: Mapping[str, str]) -> Iterator[Process]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", application, "--port", str(port), *_OPTIONS]
    process = subprocess.Popen(command, env=dict(environment), cwd=_ROOT)
    try:
        yield Process(process.pid, port)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(process: Process) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{process.url}/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("a process did not come up")
