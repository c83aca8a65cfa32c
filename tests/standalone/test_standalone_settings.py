"""Secrets that the standalone process keeps in its data folder."""

import os
from pathlib import Path

from standalone.settings import LocalSecrets

FOLDER = 0o711 if os.geteuid() == 0 else 0o700  # a server that root starts has to pass through


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_keys_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key = LocalSecrets(tmp_path / "data").key()
    finally:
        os.umask(before)
    assert (rights(tmp_path / "data"), rights(tmp_path / "data" / "secret.key")) == (FOLDER, 0o600)
    assert LocalSecrets(tmp_path / "data").key() == key


def test_a_data_folder_that_was_open_is_closed_with_its_keys(tmp_path: Path) -> None:
    key = LocalSecrets(tmp_path).key()
    tmp_path.chmod(0o755)
    (tmp_path / "secret.key").chmod(0o644)
    assert LocalSecrets(tmp_path).key() == key
    assert (rights(tmp_path), rights(tmp_path / "secret.key")) == (FOLDER, 0o600)
