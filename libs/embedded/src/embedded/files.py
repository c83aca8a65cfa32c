"""State files that survive a restart, and a lock on their folder."""

import fcntl
import os
import secrets
from pathlib import Path

from embedded.errors import FolderInUse


def write_state(path: Path, text: str) -> None:
    """Write `text` atomically, readable by the owner only."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)


def read_state(path: Path) -> str | None:
    """Return what `write_state` wrote, stripped; None if there is no file."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return None


def secret(path: Path) -> str:
    """Return the random token stored at `path`; create it on first use."""
    known = read_state(path)
    if known is None:
        known = secrets.token_urlsafe(24)
        write_state(path, known)
    return known


def last_lines(path: Path, count: int = 15) -> str:
    """Return the last lines of a log, or an empty string if there is none."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


class FolderLock:
    """Excludes concurrent starts from one folder. The operating system releases it when the process ends in any way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock.

        Raises:
            FolderInUse: another process holds it.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode()
            os.close(descriptor)
            raise FolderInUse(f"{self._path.parent} is in use by process {holder}") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock; does nothing if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
