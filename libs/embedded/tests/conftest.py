"""Folders for private servers that are gone after the test, wherever their data went."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest
from embedded.postgres import EmbeddedPostgres

NOBODY = 65534


@contextmanager
def _folder_every_user_can_reach() -> Iterator[Path]:
    folder = Path(tempfile.gettempdir()) / f"startline-embedded-{token_hex(6)}"
    yield folder
    EmbeddedPostgres(folder).remove()
    assert not folder.exists(), "remove() left something behind"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A path every user can reach; nothing is there yet."""
    with _folder_every_user_can_reach() as folder:
        yield folder


@pytest.fixture(scope="module")
def shared_folder() -> Iterator[Path]:
    """Another one, for all tests of a file."""
    with _folder_every_user_can_reach() as folder:
        yield folder


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """A path below a folder that only its owner may enter; nothing is there yet."""
    parent = tmp_path / "private"
    parent.mkdir(mode=0o700)
    folder = parent / "servers"
    yield folder
    EmbeddedPostgres(folder).remove()
    assert list(parent.iterdir()) == [], "remove() left something behind"
    assert parent.stat().st_mode & 0o777 == 0o700, "a folder outside its own was changed"
