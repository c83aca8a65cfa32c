"""Programs in separate processes, restarted when they die, as containers with a restart policy are.

They are forked from a process that has imported the code before, so that a dozen start in a second instead of a minute.
After that each runs exactly what `python -m` would run.
"""

import asyncio
import multiprocessing
import os
import runpy
import signal
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx

from testkit.polling import eventually

_BEFORE_RESTART = 0.2
_STOP_SECONDS = 30.0

_forks = multiprocessing.get_context("forkserver")


def preload(*modules: str) -> None:
    """Import these modules once for all programs; must be called before the first one is started."""
    _forks.set_forkserver_preload(["__main__", *modules])


@dataclass
class Program:
    """`python -m` with arguments and its own environment.

    Args:
        arguments: the module's name first.
        ready_url: answers with 200 once the program works.
        log: the file for its output.
        start_seconds: time limit of `ready`.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    ready_url: str
    log: Path
    start_seconds: float = 90.0
    _process: ForkServerProcess | None = None
    _keeper: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def process(self) -> ForkServerProcess:
        """Return the newest process.

        Raises:
            RuntimeError: none was started yet.
        """
        if self._process is None:
            raise RuntimeError(f"{self.arguments} was not started")
        return self._process

    async def start(self) -> None:
        """Run it until `stop`."""
        self.log.touch()
        self._launch()
        self._keeper = asyncio.create_task(self._keep_running())

    def _launch(self) -> None:
        self._process = _forks.Process(
            target=_run, args=(list(self.arguments), dict(self.environment), self.log), daemon=True
        )
        self._process.start()

    async def _keep_running(self) -> None:
        while True:
            await _end_of(self.process)
            await asyncio.sleep(_BEFORE_RESTART)
            self._launch()

    async def kill(self) -> None:
        """Kill it with SIGKILL and return once the process has ended; it is restarted automatically."""
        process = self.process
        process.kill()
        await _end_of(process)

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.process.pid or 0, signum)

    async def stop(self) -> None:
        """Stop it with SIGTERM and do not restart it.

        Raises:
            AssertionError: it did not end in time and was killed.
        """
        await self._let_go()
        self.process.terminate()
        try:
            await asyncio.wait_for(_end_of(self.process), _STOP_SECONDS)
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"{self.arguments} did not stop when told to") from None

    async def end(self) -> None:
        """Kill it without a restart; does nothing if it never ran."""
        await self._let_go()
        if self._process is not None:
            await self.kill()

    async def _let_go(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper

    async def ready(self) -> None:
        """Return once it answers.

        Raises:
            AssertionError: it does not; the text has the end of its output.
        """

        async def answers() -> bool:
            try:
                return (await http.get(self.ready_url)).status_code == httpx.codes.OK
            except httpx.TransportError:
                return False

        async with httpx.AsyncClient(timeout=3.0) as http:
            try:
                await eventually(answers, within=self.start_seconds, every=0.2)
            except AssertionError as failure:
                said = self.log.read_text(errors="replace")[-2000:]
                raise AssertionError(f"{self.arguments} is not ready: {failure}\n{said}") from None


async def _end_of(process: ForkServerProcess) -> None:
    while process.exitcode is None:  # noqa: ASYNC110  # the end of a process sets no asyncio.Event
        await asyncio.sleep(0.02)


def _run(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    """Run `python -m` with these arguments in the new process."""
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    warnings.filterwarnings("ignore", "'.*' found in sys.modules")  # preloaded, and now run as the main module, too
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
