"""What is remembered between two starts, and who may start."""

import threading
from pathlib import Path

import pytest
from embedded.errors import FolderInUse
from embedded.files import FolderLock, last_lines, read_state, secret, write_state


def test_what_is_remembered_is_recalled_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "word"
    assert read_state(path) is None

    write_state(path, "first")
    write_state(path, "second")

    assert read_state(path) == "second"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path], "no draft is left"


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    known = secret(tmp_path / "one")

    assert secret(tmp_path / "one") == known
    assert secret(tmp_path / "two") != known
    assert len(known) >= 32


def test_of_many_who_want_the_folder_one_gets_it(tmp_path: Path) -> None:
    locks = [FolderLock(tmp_path / "lock") for _ in range(8)]
    won: list[FolderLock] = []
    refused: list[FolderInUse] = []

    def take(lock: FolderLock) -> None:
        try:
            lock.take()
        except FolderInUse as error:
            refused.append(error)
        else:
            won.append(lock)

    threads = [threading.Thread(target=take, args=(lock,)) for lock in locks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(won), len(refused)) == (1, 7)
    won[0].release()
    won[0].release()
    locks[-1].take()
    with pytest.raises(FolderInUse):
        FolderLock(tmp_path / "lock").take()
    locks[-1].release()


def test_the_end_of_a_log_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100)))

    assert last_lines(log, 2) == "line 98\nline 99"
    assert last_lines(tmp_path / "missing") == ""
