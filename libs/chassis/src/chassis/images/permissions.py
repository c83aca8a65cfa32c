"""Directories and files that only their owner may read, independent of the umask."""

import stat
from pathlib import Path

from chassis.telemetry import logger

log = logger(__name__)

_FOLDER = 0o700
_FILE = 0o600
_OTHERS = 0o077


def create_private_directory(folder: Path) -> None:
    """Create `folder` and its missing parents with access for the owner only."""
    if not folder.exists():
        create_private_directory(folder.parent)
        folder.mkdir(mode=_FOLDER, exist_ok=True)


def restrict_directory(folder: Path) -> None:
    """Remove access of other users from a directory and, if they had any, from the files in it.

    A directory that belongs to another user is left as it is, with a warning in the log.
    """
    if not _is_accessible_to_others(folder):
        return
    try:
        for each in folder.iterdir():
            if each.is_file() and not each.is_symlink():
                restrict_file(each)
        folder.chmod(_FOLDER)
    except PermissionError:
        log.warning("folder_left_open", folder=str(folder))


def restrict_file(file: Path) -> None:
    """Remove access of other users from a file."""
    file.chmod(_FILE)


def _is_accessible_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)
