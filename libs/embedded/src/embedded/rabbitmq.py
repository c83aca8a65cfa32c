"""A private RabbitMQ node from the distribution's package, independent of the machine's own service."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.cluster import command_line
from embedded.data_directory import DataDirectory, make_folder, open_data_directory, remove_data_directory
from embedded.errors import CannotStart, NotInstalled
from embedded.files import FolderLock, last_lines, read_state, secret, write_state
from embedded.installing import install_hint, install_if_root
from embedded.ports import free_ports

__all__ = ["NotInstalled", "PrivateRabbitMQ", "install_hint", "install_if_missing"]

_NAME = "rabbitmq"
_USER = "startline"
_PLUGINS = "enabled_plugins"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The script on the PATH requires root or the service's user; the one behind it does not.
_SERVERS = (Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), Path("/opt/rabbitmq/sbin/rabbitmq-server"))
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_GREETING = b"AMQP\x00\x00\x09\x01"


class PrivateRabbitMQ:
    """One node on 127.0.0.1 with its own epmd, ports, cookie, data, log and user.

    The node belongs to this object. A node whose starting process was killed is stopped by the next start in the
    folder.

    Args:
        folder: of all the node's files; created if missing.
        port: for AMQP; 0 takes a free one on first start and keeps it over `restart`.
        managed: whether it has the management API, with which it takes two seconds longer to start.
    """

    def __init__(self, folder: Path, port: int = 0, *, managed: bool = False) -> None:
        self._folder = folder.absolute()
        self._managed = managed
        amqp, self._distribution_port, self._epmd_port, self._management_port = free_ports(4)
        self._port = port or amqp
        self._lock = FolderLock(self._folder / f"{_NAME}.lock")
        self._directory: DataDirectory | None = None
        self._epmd: subprocess.Popen[str] | None = None
        self._node: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Return the URL for clients, with the node's only user. It is the same after `restart`."""
        return f"amqp://{_USER}:{secret(self._folder / f'{_NAME}.password')}@127.0.0.1:{self._port}/"

    @property
    def api_url(self) -> str:
        """Return the URL of the management API, if it is enabled. It is available shortly after AMQP."""
        return f"http://127.0.0.1:{self._management_port}"

    def start(self) -> None:
        """Start the node and return once it accepts AMQP clients; takes about ten seconds.

        Raises:
            NotInstalled: the text contains the command that installs it.
            FolderInUse, CannotStart
        """
        server, epmd = server_script(), _epmd_program()
        make_folder(self._folder)
        self._lock.take()
        try:
            self._end_leftovers()
            self._directory = open_data_directory(self._folder, _NAME)
            self._launch(self._directory, server, epmd)
            self._wait_until_it_greets(self._directory)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Shut down the node. Does nothing if it is not running."""
        if self._node is not None:
            self._node.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._node.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the node, as a power failure would: nothing more is written. Does nothing if it is not running.

        A quorum queue declared less than about a second before comes back without a leader and stays so (seen with
        3.10.8; rabbitmq-server issue 10070). Tests wait that second after declaring a queue.
        """
        for process in (self._node, self._epmd):
            if process is not None:
                _kill_group(process.pid)
                process.wait()
        self._node = self._epmd = None
        self._lock.release()

    def restart(self) -> None:
        """Stop the node if it runs and start it again, with the same data and URL."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop, and delete everything."""
        self.stop()
        remove_data_directory(self._folder, _NAME)

    def _launch(self, directory: DataDirectory, server: Path, epmd: Path) -> None:
        environment = self._write_configuration(directory)
        register: list[str | Path] = [epmd, "-address", "127.0.0.1", "-port", str(self._epmd_port)]
        node: list[str | Path] = [server, "-startline_home", directory.path]  # identifies the node for a later start
        with (directory.path / "output.log").open("w") as output:
            self._epmd = directory.owner.popen(register, folder=directory.path, env=environment, output=output.fileno())
            self._node = directory.owner.popen(node, folder=directory.path, env=environment, output=output.fileno())
        write_state(self._pids_file, f"{self._node.pid} {directory.path}\n{self._epmd.pid} -port {self._epmd_port}")

    def _write_configuration(self, directory: DataDirectory) -> Mapping[str, str]:
        lines = (
            f"listeners.tcp.local = 127.0.0.1:{self._port}",
            f"default_user = {_USER}",
            f"default_pass = {secret(self._folder / f'{_NAME}.password')}",
            *(self._managed_at() if self._managed else ()),
        )
        configuration, shell, plugins = (directory.path / name for name in ("node.conf", "environment.conf", _PLUGINS))
        enabled = "[rabbitmq_management].\n" if self._managed else "[].\n"
        for path, text in ((configuration, "\n".join(lines) + "\n"), (shell, ""), (plugins, enabled)):
            write_state(path, text)
            directory.owner.take(path)
        return {
            "PATH": _PATH,
            "HOME": str(directory.path),  # the cookie is stored there
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"{_USER}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_CONF_ENV_FILE": str(shell),  # empty: the service's own settings must not reach this node
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(directory.path / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_MNESIA_BASE": str(directory.path / "data"),
            "RABBITMQ_MNESIA_DIR": str(directory.path / "data" / "node"),
            "RABBITMQ_LOG_BASE": str(directory.path / "log"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(directory.path / "generated"),
            "RABBITMQ_PLUGINS_EXPAND_DIR": str(directory.path / "plugins"),
            "RABBITMQ_PID_FILE": str(directory.path / "node.pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none",
        }

    def _managed_at(self) -> tuple[str, str]:
        return "management.tcp.ip = 127.0.0.1", f"management.tcp.port = {self._management_port}"

    def _wait_until_it_greets(self, directory: DataDirectory) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not _greets(self._port):
            ended = self._node is None or self._node.poll() is not None
            if ended or time.monotonic() > deadline:
                raise CannotStart(f"RabbitMQ did not start\n{last_lines(directory.path / 'output.log')}")
            time.sleep(0.05)

    def _end_leftovers(self) -> None:
        for line in (read_state(self._pids_file) or "").splitlines():
            pid, sign = line.split(" ", 1)
            if sign in command_line(int(pid)):
                _kill_group(int(pid))
        self._pids_file.unlink(missing_ok=True)

    @property
    def _pids_file(self) -> Path:
        return self._folder / f"{_NAME}.pids"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def server_script() -> Path:
    """Return the script that starts a node as the current user.

    Raises:
        NotInstalled.
    """
    on_path = shutil.which("rabbitmq-server", path=f"{_PATH}:/opt/homebrew/sbin")
    found = [Path(on_path).resolve()] if on_path else []
    for script in (*_SERVERS, *found):
        if script.exists() and script.name == "rabbitmq-server":
            return script
    raise NotInstalled(f"RabbitMQ is missing; install it with: {install_hint()}")


def install_if_missing() -> None:
    """Install RabbitMQ if it is missing and this process may.

    Raises:
        NotInstalled: the text contains the command that installs it.
    """
    try:
        server_script()
    except NotInstalled:
        install_if_root()


def _epmd_program() -> Path:
    found = shutil.which("epmd", path=f"{_PATH}:/usr/lib/erlang/bin:/opt/homebrew/bin")
    if found is None:
        raise NotInstalled(f"Erlang's epmd is missing; install it with: {install_hint()}")
    return Path(found)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _greets(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(_GREETING)
            return connection.recv(1) == b"\x01"  # a method frame: Connection.Start
    except OSError:
        return False
