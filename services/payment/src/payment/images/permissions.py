"""Folders and files that only their owner may read, whatever the umask."""

import stat
from pathlib import Path

from chassis.telemetry import logger

log = logger(__name__)

_FOLDER = 0o700
_FILE = 0o600
_OTHERS = 0o077


def create_private_directory(folder: Path) -> None:
    """Make `folder` and its missing parents, for their owner only."""
    if not folder.exists():
        create_private_directory(folder.parent)
        folder.mkdir(mode=_FOLDER, exist_ok=True)


def restrict_directory(folder: Path) -> None:
    """Take the rights of others from a folder and, if it was open to them, from the files in it.

    The rights of a folder that belongs to another user are left to that user.
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
    """Take the rights of others from a file."""
    file.chmod(_FILE)


def _is_accessible_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)
