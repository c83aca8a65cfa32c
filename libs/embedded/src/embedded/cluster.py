"""A PostgreSQL data directory and the programs that work on it."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from shutil import rmtree

from embedded.data_directory import DataDirectory
from embedded.errors import CannotStart
from embedded.files import last_lines
from embedded.programs import major_version, programs_for

_ENVIRONMENT: Mapping[str, str] = {"PATH": os.defpath, "LC_ALL": "C"}  # without the caller's PG… variables
_START_SECONDS = 300  # includes recovery after a crash
_STOP_SECONDS = 60
_DYING_SERVER_SECONDS = 10.0
_LOG_BYTES = 5_000_000


class Cluster:
    """A PostgreSQL cluster in a data directory. Callers hold the folder's lock."""

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._data = directory.path / "data"
        self._log = directory.path / "server.log"
        self._programs = programs_for(directory)

    def create(self, password: str) -> None:
        """Create the data directory unless it exists; `postgres` is its administrator."""
        self._sweep_drafts()
        if self._data.exists():
            self._check_version()
            return
        draft = self._directory.path / f"data.new-{token_hex(4)}"
        words = self._directory.path / f"data.new-{token_hex(4)}.password"
        words.touch(mode=0o600)
        words.write_text(password)
        self._directory.owner.take(words)
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        login = ("--username=postgres", "--auth=scram-sha-256", f"--pwfile={words}")
        try:
            self._run("initdb", "-D", draft, *login, *locale)
        finally:
            words.unlink()
        draft.rename(self._data)

    def start(self, port: int, max_connections: int) -> None:
        """Start the server and return once connections are accepted."""
        self._turn_log()
        options = " ".join(f"-c {name}={value}" for name, value in _settings(port, max_connections).items())
        patience = ("-t", str(_START_SECONDS))
        deadline = time.monotonic() + _DYING_SERVER_SECONDS
        while True:
            try:
                self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._log, *patience, "-o", options)
            except CannotStart as failure:
                if "shared memory block" not in str(failure) or time.monotonic() > deadline:
                    raise
                self._end_survivors()
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        """Shut down quickly: close connections, flush data, exit. Does nothing if no server runs.

        Raises:
            CannotStart: the server does not exit.
        """
        pid = self.pid()
        if pid is not None:
            self._end(pid)
        # A file that is still there was left by a crash. PostgreSQL would refuse to start if another process has that
        # id by now, or if the killed process is still a zombie. Its own interlock in shared memory remains effective.
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def pid(self) -> int | None:
        """Return the process id of the running server; None if none runs."""
        pid = self._recorded_pid()
        return pid if pid is not None and self._is_ours(pid) else None

    def _end(self, pid: int) -> None:
        # Not with pg_ctl, which takes a killed process for a running one until its parent has reaped it.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)  # a "fast" shutdown
        deadline = time.monotonic() + _STOP_SECONDS
        while self._is_ours(pid):
            if time.monotonic() > deadline:
                raise CannotStart(f"process {pid} did not end within {_STOP_SECONDS} s\n{last_lines(self._log)}")
            time.sleep(0.01)

    def _end_survivors(self) -> None:
        # When the main process is killed its children exit by themselves, except one in a long query.
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if self._is_child(process):
                    os.kill(int(process.name), signal.SIGKILL)

    def _is_child(self, process: Path) -> bool:
        # Both conditions: a shell may be in this directory, and other clusters have children of that name.
        works_here = (process / "cwd").readlink() == self._data
        return works_here and command_line(int(process.name)).startswith("postgres: ")

    def _run(self, program: str, *arguments: str | Path) -> None:
        command: Sequence[str | Path] = [self._programs / program, *arguments]
        try:
            code, output = self._directory.owner.run(
                command, folder=self._directory.path, env=_ENVIRONMENT, seconds=2 * _START_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise CannotStart(f"{program} did not end\n{last_lines(self._log)}") from None
        if code != 0:
            raise CannotStart(f"{program} failed:\n{output.strip()}\n{last_lines(self._log)}".strip())

    def _recorded_pid(self) -> int | None:
        try:
            return int((self._data / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _is_ours(self, pid: int) -> bool:
        return str(self._data) in command_line(pid)

    def _check_version(self) -> None:
        found = (self._data / "PG_VERSION").read_text().strip()
        if found != major_version():
            raise CannotStart(f"{self._data} was written by PostgreSQL {found}, the installed one is {major_version()}")

    def _sweep_drafts(self) -> None:
        for draft in self._directory.path.glob("data.new-*"):
            if draft.is_dir():
                rmtree(draft, ignore_errors=True)
            else:
                draft.unlink(missing_ok=True)

    def _turn_log(self) -> None:
        with suppress(FileNotFoundError):
            if self._log.stat().st_size > _LOG_BYTES:
                self._log.replace(self._log.with_suffix(".log.1"))


def command_line(pid: int) -> str:
    """Return the command line of a process; empty if it does not exist."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    listed = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603  # the only variable is a number
    return listed.stdout


def _settings(port: int, max_connections: int) -> Mapping[str, str | int]:
    return {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "''",
        "max_connections": max_connections,
        "shared_buffers": "128MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Statements and error details contain personal data, which must not be in the log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
