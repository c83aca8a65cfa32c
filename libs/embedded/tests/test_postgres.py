"""A private PostgreSQL through its life: started, stopped, killed, found in use."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded.cluster import Cluster, command_line
from embedded.data_directory import open_data_directory
from embedded.errors import CannotStart, FolderInUse, NotInstalled
from embedded.postgres import EmbeddedPostgres, binary

STARTS_AND_IS_KILLED = """
import os, signal, sys
from pathlib import Path
from embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def ask(url: str, statement: str) -> str:
    """The answer of psql; AssertionError with its complaint."""
    done = subprocess.run(
        [binary("psql"), url, "-XAtq", "-c", statement], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _ends(pid: int, *, within: float) -> bool:
    deadline = time.monotonic() + within
    while command_line(pid):  # empty, too, for one that ended and that nobody asked after
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _wait_until_busy(url: str) -> None:
    deadline = time.monotonic() + 10
    while ask(url, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'") == "0":
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def shared(shared_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(shared_folder) as server:
        yield server


@pytest.fixture
def server(shared: EmbeddedPostgres) -> EmbeddedPostgres:
    """Running, with an empty schema. Tests leave it running."""
    ask(shared.url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return shared


def test_it_keeps_data_and_address_over_a_restart(server: EmbeddedPostgres) -> None:
    ask(server.url, "CREATE TABLE runner AS SELECT 'Sari' AS name")
    address = server.url

    server.stop()
    server.start()

    assert server.url == address
    assert ask(server.url, "SELECT name FROM runner") == "Sari"


def test_it_writes_safely_and_logs_no_statements(server: EmbeddedPostgres, shared_folder: Path) -> None:
    names = ("fsync", "synchronous_commit", "shared_buffers", "max_connections", "unix_socket_directories")
    values = [ask(server.url, f"SHOW {name}") for name in names]
    assert values == ["on", "on", "128MB", "200", ""]

    ask(server.url, "CREATE TABLE runner (phone text UNIQUE); INSERT INTO runner VALUES ('0812-secret')")
    with pytest.raises(AssertionError, match="0812-secret"):
        ask(server.url, "INSERT INTO runner VALUES ('0812-secret')")

    log = (shared_folder / "postgres" / "server.log").read_text()
    assert "duplicate key" in log
    assert "0812-secret" not in log


def test_only_the_password_lets_one_in_and_only_its_owner_can_read_it(
    server: EmbeddedPostgres, shared_folder: Path
) -> None:
    place = server.url.rpartition("@")[2]

    with pytest.raises(AssertionError, match="password authentication failed"):
        ask(f"postgresql://postgres:wrong@{place}", "SELECT 1")

    assert (shared_folder / "postgres.password").stat().st_mode & 0o777 == 0o600
    assert not list((shared_folder / "postgres").glob("*.password")), "initdb's copy is gone"


def test_it_is_reachable_over_loopback_only(server: EmbeddedPostgres) -> None:
    port = int(server.url.rpartition(":")[2].partition("/")[0])

    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.2", port))  # taken if it listened on every address


def test_it_never_runs_as_root(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    owner = Path(f"/proc/{server.pid}").stat().st_uid

    assert owner != 0
    assert os.geteuid() in {0, owner}


def test_the_environment_of_the_caller_does_not_reach_it(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATABASE", "nothing")

    with EmbeddedPostgres(open_folder) as server:
        assert ask(server.url, "SELECT current_database()") == "postgres"


def test_a_second_starter_is_told_who_has_the_folder_and_may_still_connect(
    server: EmbeddedPostgres, shared_folder: Path
) -> None:
    second = EmbeddedPostgres(shared_folder)

    with pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}"):
        second.start()
    with pytest.raises(FolderInUse):
        second.remove()

    second.stop()
    assert ask(second.url, "SELECT 1") == "1"


def test_the_address_of_a_server_that_never_started_is_not_known(open_folder: Path) -> None:
    with pytest.raises(CannotStart, match="no PostgreSQL was started"):
        _ = EmbeddedPostgres(open_folder).url


def test_when_the_starter_is_killed_the_next_start_takes_over(open_folder: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", STARTS_AND_IS_KILLED, open_folder], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    orphan = int(killed.stdout)
    assert not _ends(orphan, within=0), "the server outlives its starter"
    ask(EmbeddedPostgres(open_folder).url, "CREATE TABLE runner AS SELECT 'Sari' AS name")

    with EmbeddedPostgres(open_folder) as server:
        assert ask(server.url, "SELECT name FROM runner") == "Sari"
        assert server.pid != orphan
        assert _ends(orphan, within=5)


def test_what_was_committed_survives_the_kill_of_the_server_in_the_middle_of_a_query(
    server: EmbeddedPostgres, shared_folder: Path
) -> None:
    ask(server.url, "CREATE TABLE runner AS SELECT 'Sari' AS name")
    forever = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"
    visitor = subprocess.Popen([binary("psql"), server.url, "-Xq", "-c", forever], stderr=subprocess.DEVNULL)
    bystander = subprocess.Popen(["/bin/sleep", "60"], cwd=shared_folder / "postgres" / "data")
    try:
        _wait_until_busy(server.url)
        pid = server.pid
        assert pid is not None

        os.kill(pid, signal.SIGKILL)
        server.stop()
        server.start()

        assert ask(server.url, "SELECT name FROM runner") == "Sari"
        assert bystander.poll() is None, "only the server's own processes were ended"
    finally:
        bystander.kill()
        bystander.wait()
        visitor.kill()
        visitor.wait()


def test_a_stale_pid_file_naming_a_living_stranger_does_not_prevent_a_start(
    server: EmbeddedPostgres, shared_folder: Path
) -> None:
    server.stop()
    directory = open_data_directory(shared_folder, "postgres")
    stranger = directory.owner.popen(["/bin/sleep", "60"], folder=directory.path, env={}, output=subprocess.DEVNULL)
    stale = directory.path / "data" / "postmaster.pid"
    stale.write_text(f"{stranger.pid}\n{directory.path / 'data'}\n1700000000\n5432\n\n127.0.0.1\n\nready\n")
    directory.owner.take(stale)
    try:
        with pytest.raises(CannotStart, match="lock file"):  # what PostgreSQL alone would do
            Cluster(directory).start(port=1, max_connections=10)
        server.start()

        assert ask(server.url, "SELECT 1") == "1"
        assert stranger.poll() is None, "the stranger was left alone"
    finally:
        stranger.kill()
        stranger.wait()


def test_a_start_that_was_cut_short_while_making_the_cluster_is_made_good(open_folder: Path) -> None:
    open_folder.mkdir(mode=0o755)
    half = open_data_directory(open_folder, "postgres").path / "data.new-123"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(open_folder) as server:
        assert ask(server.url, "SELECT 1") == "1"
        assert not half.exists()


def test_a_port_taken_meanwhile_is_exchanged_for_another(server: EmbeddedPostgres) -> None:
    before = server.url
    server.stop()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections to the old server still fade
        taken.bind(("127.0.0.1", int(before.rpartition(":")[2].partition("/")[0])))
        taken.listen()

        server.start()

        assert server.url != before
        assert ask(server.url, "SELECT 1") == "1"


def test_a_chosen_port_that_is_taken_is_an_error_and_frees_the_folder(open_folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(CannotStart, match="Address already in use"):
            EmbeddedPostgres(open_folder, port).start()

    with EmbeddedPostgres(open_folder, port) as server:
        assert server.url.endswith(f"@127.0.0.1:{port}/postgres")


def test_data_of_another_major_version_are_refused_untouched(open_folder: Path) -> None:
    open_folder.mkdir(mode=0o755)
    version = open_data_directory(open_folder, "postgres").path / "data" / "PG_VERSION"
    version.parent.mkdir()
    version.write_text("14\n")

    with pytest.raises(CannotStart, match="written by PostgreSQL 14"):
        EmbeddedPostgres(open_folder).start()

    assert version.read_text() == "14\n"


def test_programs_of_the_wheel_are_found_by_name() -> None:
    for name in ("psql", "pg_dump", "pgbench", "pg_restore"):
        done = subprocess.run([binary(name), "--version"], capture_output=True, text=True, check=True)
        assert "PostgreSQL" in done.stdout
    with pytest.raises(NotInstalled, match="no program called oracle"):
        binary("oracle")
