"""`deploy/roll`, against an engine that only remembers: what it does in which order, and what when something fails."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROLL = Path(__file__).parents[2] / "deploy" / "roll"
ENGINE = Path(__file__).parent / "fake_engine.py"
SERVICES = ("registration", "payment", "notification", "checkin", "identity")


@dataclass
class Engine:
    """What runs, by process: the release that each replica is of. `compose` is the program there is for it."""

    folder: Path
    compose: str

    def __post_init__(self) -> None:
        self.state: dict[str, Any] = {"release": "old", "sick": [], "failing": [], "stale": [], "containers": []}
        (self.folder / "deploy").mkdir()
        shutil.copy(ROLL, self.folder / "deploy" / "roll")  # it locks the folder that it is in
        for program in ("docker", "docker-compose") if self.compose == "docker-compose" else ("docker",):
            file = self.folder / program
            file.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {ENGINE} {self.folder} {program} "$@"\n')
            file.chmod(0o755)

    def runs(self, process: str, *releases: str) -> None:
        for release in releases:
            number = len(self.state["containers"])
            self.state["containers"].append({"id": f"c{number}", "process": process, "release": release, "up": True})

    def roll(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "state.json").write_text(json.dumps(self.state))
        environment = {"PATH": f"{self.folder}:{os.environ['PATH']}", "ROLL_SECONDS": "2"}
        environment |= {"TMPDIR": str(self.folder), "HAS_PLUGIN": str(self.compose == "docker compose")}
        done = subprocess.run(
            [self.folder / "deploy" / "roll", *arguments], capture_output=True, text=True, check=False, env=environment
        )
        self.state = json.loads((self.folder / "state.json").read_text())
        return done

    def calls(self) -> list[str]:
        """What was changed, in order; how one starts is left out."""
        left_out = ("shares", "start", "hold back", "answers", "let in")
        return [each for each in self.calls_and_shares() if not each.startswith(left_out)]

    def calls_and_shares(self) -> list[str]:
        """What was changed, in order."""
        return (self.folder / "calls").read_text().splitlines()

    def running(self, process: str) -> list[str]:
        return [each["release"] for each in self.state["containers"] if each["process"] == process and each["up"]]


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Two replicas of payment's API, one of its worker and of identity's API, and a release that is new."""
    found = Engine(tmp_path, getattr(request, "param", "docker compose"))
    found.runs("payment-api", "old", "old")
    found.runs("payment-worker", "old")
    found.runs("identity-api", "old")
    found.runs("identity-worker", "new")
    found.runs("gateway", "new")
    found.state["release"] = "new"
    return found


@pytest.mark.parametrize("engine", ["docker compose", "docker-compose"], indirect=True)
def test_one_replica_after_the_other_is_replaced_once_a_new_one_is_healthy(
    engine: Engine,
) -> None:
    done = engine.roll("--env-file", "somewhere", "payment")

    assert done.returncode == 0, done.stderr
    api = ["up payment-api=3", "healthy", "stop payment-api old", "rm"] * 2
    worker = ["up payment-worker=2", "healthy", "stop payment-worker old", "rm"]
    assert engine.calls() == ["run provision", "run payment-migrate", *api, *worker]
    assert (engine.running("payment-api"), engine.running("payment-worker")) == (["new", "new"], ["new"])
    assert engine.running("identity-api") == ["old"]


def test_while_one_starts_those_that_serve_have_the_processors_first(engine: Engine) -> None:
    assert engine.roll("identity").returncode == 0

    held_back = ["shares 128", "start identity-api", "hold back identity-api", "answers"]
    started = [*held_back, "shares 1024", "let in identity-api", "healthy"]
    replaced = ["up identity-api=2", *started, "stop identity-api old", "rm"]
    assert engine.calls_and_shares()[2 : 2 + len(replaced)] == replaced


def test_one_that_a_killed_call_left_with_few_shares_of_the_processors_gets_its_own(engine: Engine) -> None:
    for each in engine.state["containers"]:
        each["release"] = "new"

    assert engine.roll("identity").returncode == 0

    api, worker = [each for each in engine.calls_and_shares() if each.startswith("shares")]
    assert (api, worker) == ("shares 1024", "shares 256")


def test_one_that_a_killed_call_left_without_the_gateway_is_let_in_by_the_next(engine: Engine) -> None:
    engine.runs("identity-api", "new")
    left = engine.state["containers"][-1]["id"]
    engine.state["networks"] = {left: ["some_back"]}

    assert engine.roll("identity").returncode == 0

    assert "some_edge" in engine.state["networks"][left]
    assert "let in identity-worker" not in engine.calls_and_shares()


@pytest.mark.parametrize("ends", [True, False], ids=["it ended", "it is silent"])
def test_one_that_never_answers_is_removed(engine: Engine, *, ends: bool) -> None:
    engine.state["mute"] = "ended" if ends else "running"

    assert engine.roll("payment").returncode == 1

    assert engine.running("payment-api") == ["old", "old"]


def test_unnamed_it_is_all_of_them_and_the_gateway_stays(engine: Engine) -> None:
    engine.state["containers"] = []
    for service in SERVICES:
        engine.runs(f"{service}-api", "old")
        engine.runs(f"{service}-worker", "new")
    engine.runs("web", "old")

    assert engine.roll().returncode == 0

    migrations = [call for call in engine.calls() if call.startswith("run ")]
    assert migrations == ["run provision", *(f"run {each}-migrate" for each in (*SERVICES, "web"))]
    for service in SERVICES:
        assert engine.running(f"{service}-api") == engine.running(f"{service}-worker") == ["new"]
    web = ["run web-migrate", "up web=2", "healthy", "stop web old", "rm"]
    assert engine.calls()[-5:] == web, "pages show what the new APIs say"


def test_pages_have_no_worker(engine: Engine) -> None:
    engine.runs("web", "old", "old")

    assert engine.roll("web").returncode == 0

    replaced = ["up web=3", "healthy", "stop web old", "rm"] * 2
    assert engine.calls() == ["run provision", "run web-migrate", *replaced]
    assert engine.running("web") == ["new", "new"]


def test_a_gateway_that_is_not_in_the_network_of_the_new_replicas_is_led_into_it_first(engine: Engine) -> None:
    """A gateway of a release before that network would answer 503 for everything that is new."""
    [gateway] = [each["id"] for each in engine.state["containers"] if each["process"] == "gateway"]
    engine.state["networks"] = {gateway: ["some_front"]}

    assert engine.roll("identity").returncode == 0

    api = ["up identity-api=2", "connect gateway some_edge", "healthy", "stop identity-api old", "rm"]
    assert engine.calls()[: 2 + len(api)] == ["run provision", "run identity-migrate", *api]


@pytest.mark.parametrize("failing", ["provision", "payment-migrate"])
def test_when_a_migration_fails_nothing_is_replaced(engine: Engine, failing: str) -> None:
    engine.state["failing"] = [f"run {failing}"]

    done = engine.roll("payment", "identity")

    assert (done.returncode, engine.calls()[-1]) == (1, f"run {failing}")
    assert "Nothing was replaced" in done.stderr
    assert (engine.running("payment-api"), engine.running("identity-api")) == (["old", "old"], ["old"])


@pytest.mark.parametrize("sickness", ["starting", "unhealthy", "restarting"])
def test_one_that_does_not_become_healthy_is_removed_with_its_log_kept(engine: Engine, sickness: str) -> None:
    engine.state["sick"] = ["payment-worker", sickness]

    done = engine.roll("payment", "identity")

    assert done.returncode == 1
    assert engine.running("payment-api") == ["new", "new"]
    assert engine.running("payment-worker") == engine.running("identity-api") == ["old"]
    assert "the old ones go on" in done.stderr
    log = done.stderr.split("the log of the new one is in ")[1].split()[0]
    assert Path(log).read_text() == "why payment-worker is not well\n"


def test_called_again_it_goes_on_where_it_stopped(engine: Engine) -> None:
    engine.state["sick"] = ["payment-worker", "unhealthy"]
    assert engine.roll("payment").returncode == 1
    engine.state["sick"] = []
    (engine.folder / "calls").unlink()

    assert engine.roll("payment").returncode == 0

    assert "up payment-api=3" not in engine.calls()
    assert engine.running("payment-worker") == ["new"]


def test_what_is_new_is_replaced_again_where_that_is_asked_for(engine: Engine) -> None:
    engine.state["release"] = "old"

    assert engine.roll("payment").returncode == 0
    assert not any(call.startswith("up") for call in engine.calls())

    assert engine.roll("--again", "payment").returncode == 0
    assert sum(call.startswith("up") for call in engine.calls()) == 3


def test_what_is_half_done_or_stopped_is_cleared_up(engine: Engine) -> None:
    engine.state["containers"] = []
    engine.runs("payment-api", "old", "new", "old")
    engine.runs("payment-worker", "new")
    engine.state["containers"][2]["up"] = False

    assert engine.roll("payment").returncode == 0

    looked_at = ["healthy"] * 2  # the one that is new already, and the worker
    assert engine.calls()[2:] == ["rm", "up payment-api=3", "healthy", "stop payment-api old", "rm", *looked_at]
    assert [each["release"] for each in engine.state["containers"]] == ["new", "new", "new"]


def test_a_container_that_could_not_be_made_changes_nothing(engine: Engine) -> None:
    engine.state["failing"] = ["up"]

    assert engine.roll("payment").returncode == 1

    assert engine.running("payment-api") == ["old", "old"]


def test_the_gateway_is_tested_and_then_reloaded(engine: Engine) -> None:
    assert engine.roll("gateway").returncode == 0
    assert engine.calls() == ["exec sh", "exec nginx -t", "exec nginx -s reload"]


@pytest.mark.parametrize(
    ("failing", "said"), [("exec nginx -t", "configuration is wrong"), ("exec sh", "force-recreate gateway")]
)
def test_a_gateway_that_could_not_go_on_is_not_reloaded(engine: Engine, failing: str, said: str) -> None:
    engine.state["failing"] = [failing]

    done = engine.roll("gateway")

    assert (done.returncode, engine.calls()[-1]) == (1, failing)
    assert said in done.stderr


def test_what_the_gateway_was_started_with_is_not_taken_over_by_a_reload(engine: Engine) -> None:
    engine.state["containers"][-1]["release"] = "old"

    done = engine.roll("gateway")

    assert (done.returncode, done.stderr.count("force-recreate gateway")) == (1, 1)


def test_a_name_that_is_none_is_refused_before_anything_is_done(engine: Engine) -> None:
    done = engine.roll("payment", "paymnet")

    assert done.returncode == 1
    assert "paymnet is none of" in done.stderr
    assert not (engine.folder / "calls").exists()


def test_a_second_call_does_nothing_while_one_is_at_work(engine: Engine) -> None:
    folder = os.open(engine.folder / "deploy", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        done = engine.roll("payment")
    finally:
        os.close(folder)

    assert (done.returncode, done.stderr.count("another deploy/roll is at work")) == (1, 1)
    assert not (engine.folder / "calls").exists()
    assert engine.roll("payment").returncode == 0


@pytest.mark.parametrize("look", range(1, 10))
def test_an_engine_that_does_not_say_what_runs_ends_it_with_all_old_ones_or_their_successors(
    engine: Engine, look: int
) -> None:
    engine.state["silent"] = [look]

    done = engine.roll("payment")

    assert len(engine.running("payment-api")) == 2
    assert len(engine.running("payment-worker")) == 1
    assert (done.returncode == 0) == (engine.running("payment-api") + engine.running("payment-worker") == ["new"] * 3)
    if done.returncode:
        assert "old ones go on" in done.stderr or "Nothing of it was replaced" in done.stderr


def test_an_up_that_makes_nothing_is_no_success(engine: Engine) -> None:
    engine.state["makes_nothing"] = True

    done = engine.roll("payment")

    assert (done.returncode, engine.running("payment-api")) == (1, ["old", "old"])
    assert "no new one came" in done.stderr


def test_a_new_one_that_a_killed_call_left_and_that_is_sick_is_replaced(engine: Engine) -> None:
    engine.runs("payment-api", "new")
    engine.state["sick_ids"] = [engine.state["containers"][-1]["id"]]

    assert engine.roll("payment").returncode == 0

    assert not [each for each in engine.state["containers"] if each["id"] in engine.state["sick_ids"]]
    assert engine.running("payment-api") == ["new", "new", "new"]


def test_a_current_one_that_has_restarted_once_stays(engine: Engine) -> None:
    engine.state["release"] = "old"
    for each in engine.state["containers"]:
        each["restarts"] = 1

    assert engine.roll("payment").returncode == 0

    assert not any(call.startswith("up") for call in engine.calls())


def test_an_option_without_its_file_is_named(engine: Engine) -> None:
    done = engine.roll("--env-file")

    assert (done.returncode, done.stderr) == (1, "roll: --env-file needs a file.\n")
