"""The data directory of a server and the user it runs as.

A server never runs as root. Started by root it runs as `nobody`, or as the owner of existing files, and only the folder
with the server's own files is given to that user. If that user cannot access the given folder (for example because a
parent directory is private), the files are stored in a folder under `/var/lib/startline`.
"""

import os
import pwd
import stat
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from shutil import rmtree

from embedded.errors import CannotStart
from embedded.files import read_state, write_state

COMMON_AREA = Path("/var/lib/startline")

_ENTERABLE = 0o711
_PRIVATE = 0o700


@dataclass(frozen=True)
class Owner:
    """The user and group that a process runs as; None in both keeps the current ones."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def of(cls, path: Path) -> "Owner":
        """Return the owner of `path` if this process is root, otherwise the current user."""
        found = path.stat()
        return cls(found.st_uid, found.st_gid) if os.geteuid() == 0 else cls()

    @classmethod
    def unprivileged(cls) -> "Owner":
        """Return the user for a new server."""
        if os.geteuid() != 0:
            return cls()
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def take(self, path: Path) -> None:
        """Change the owner of `path` to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def popen(
        self, command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str], output: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        """Start `command` in `folder`, in a new session, as this user and with exactly this environment."""
        return subprocess.Popen(  # noqa: S603  # fixed programs, no shell
            [str(part) for part in command],
            cwd=folder,
            env=dict(env),
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(
        self, command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str], seconds: float
    ) -> tuple[int, str]:
        """Run `command` and return its exit code and output.

        Raises:
            OSError: this user cannot execute it.
            subprocess.TimeoutExpired: it took longer than `seconds` and was killed.
        """
        with self.popen(command, folder=folder, env=env) as process:
            try:
                output, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            return process.returncode, output

    def can_enter(self, folder: Path) -> bool:
        """Return whether this user can enter `folder` and all its parents."""
        code, _ = self.run(["/bin/sh", "-c", 'cd -- "$0"', folder], folder=Path("/"), env={}, seconds=10)
        return code == 0


@dataclass(frozen=True)
class DataDirectory:
    """A server's data directory and the user who owns it."""

    path: Path
    owner: Owner


def open_data_directory(folder: Path, name: str) -> DataDirectory:
    """Return the data directory of the server `name` below `folder`; create it if missing.

    Raises:
        CannotStart: the directory that the folder points to does not exist, or belongs to another user.
    """
    directory = _place(folder, name)
    if directory.exists():
        if os.geteuid() not in {0, directory.stat().st_uid}:
            raise CannotStart(f"{directory} belongs to another user")
        return DataDirectory(directory, Owner.of(directory))
    owner = Owner.unprivileged()
    directory.mkdir(mode=_PRIVATE)
    owner.take(directory)
    return DataDirectory(directory, owner)


def make_folder(folder: Path) -> None:
    """Create `folder` and its missing parents for their owner only; remove others' access from an existing folder.

    A server started by root has to pass through, so root's folders can be entered but not listed. The mode of a folder
    that belongs to another user is not changed.
    """
    rights = _ENTERABLE if os.geteuid() == 0 else _PRIVATE
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=rights, exist_ok=True)
        each.chmod(rights)
    found = stat.S_IMODE(folder.stat().st_mode)
    if found & ~rights:
        with suppress(PermissionError):
            folder.chmod(found & rights)


def remove_data_directory(folder: Path, name: str) -> None:
    """Delete the data of the server `name`, wherever they are, and the folder if it is empty then."""
    elsewhere = read_state(_pointer(folder, name))
    rmtree(folder / name if elsewhere is None else elsewhere, ignore_errors=True)
    for file in folder.glob(f"{name}.*"):
        file.unlink(missing_ok=True)
    for perhaps_empty in (folder, COMMON_AREA):
        with suppress(OSError):
            perhaps_empty.rmdir()


def _place(folder: Path, name: str) -> Path:
    pointer = _pointer(folder, name)
    elsewhere = read_state(pointer)
    if elsewhere is not None:
        if not Path(elsewhere).is_dir():
            raise CannotStart(f"{pointer} says the data are in {elsewhere}, which is gone")
        return Path(elsewhere) / name
    if (folder / name).exists() or Owner.unprivileged().can_enter(folder):
        return folder / name
    place = _common_place()
    write_state(pointer, str(place))
    return place / name


def _pointer(folder: Path, name: str) -> Path:
    return folder / f"{name}.moved-to"


def _common_place() -> Path:
    if not COMMON_AREA.exists():
        COMMON_AREA.mkdir(parents=True, exist_ok=True)
        COMMON_AREA.chmod(_ENTERABLE)
    place = COMMON_AREA / token_hex(8)
    place.mkdir()
    place.chmod(_ENTERABLE)
    return place
