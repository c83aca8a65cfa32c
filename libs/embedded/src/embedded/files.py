"""Small files that remember things between two starts."""

import fcntl
import os
import secrets
from pathlib import Path

from embedded.errors import FolderInUse


def remember(path: Path, text: str) -> None:
    """Write `text` for the owner's eyes only, so that a crash leaves the old content or the new, never half."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)


def recall(path: Path) -> str | None:
    """What `remember` wrote, or None."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return None


def secret(path: Path) -> str:
    """The random word kept at `path`, made on first use."""
    known = recall(path)
    if known is None:
        known = secrets.token_urlsafe(24)
        remember(path, known)
    return known


def last_lines(path: Path, count: int = 15) -> str:
    """The end of a log."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


class FolderLock:
    """Keeps two starters of one folder apart. The system lets go of it when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises `FolderInUse` when someone holds it."""
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
        """Let the next one in; fine when not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
