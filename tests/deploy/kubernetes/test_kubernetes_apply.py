"""deploy/kubernetes/apply and operator, with a kubectl that notes what it is asked."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from .manifests import KUBERNETES

_KUBECTL = r"""#!/bin/sh
# Notes its arguments, and answers from files.
printf '%s\n' "$*" >>"$ASKED"
[ "$1" != -n ] || shift 2
case "$1 $2" in
kustomize*) [ ! -e "$ANSWERS/broken" ] && printf 'kind: Deployment\nmetadata:\n  namespace: race\n' ;;
"get jobs") answer=$ANSWERS/$(echo "$4" | sed 's/.*=//')
    [ ! -e "$answer.first" ] || { cat "$answer.first" && rm "$answer.first" && exit; }
    cat "$answer" ;;
"get deployments") case $4 in *name=web*) echo deployment.apps/web ;; *) echo deployment.apps/payment-api ;; esac ;;
"get clusters.postgresql.cnpg.io") echo cluster.postgresql.cnpg.io/postgres ;;
"get rabbitmqclusters.rabbitmq.com") exit 1 ;;
"rollout status") [ ! -e "$ANSWERS/late" ] ;;
"create job") cat <<'END'
apiVersion: batch/v1
kind: Job
END
    ;;
"patch --local") cat >/dev/null && echo "patched" ;;
"create -f") cat >/dev/null ;;
"logs -f") echo "No dead letters." && [ ! -e "$ANSWERS/broken_off" ] ;;
"get job")
    [ ! -e "$ANSWERS/operator.first" ] || { cat "$ANSWERS/operator.first" && rm "$ANSWERS/operator.first" && exit; }
    cat "$ANSWERS/operator" ;;
"wait --for=condition=complete") grep -q Complete "$ANSWERS/operator" ;;
esac
"""


class Cluster:
    """What a cluster would answer, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._program = folder / "kubectl"
        self._program.write_text(_KUBECTL)
        self._program.chmod(0o755)
        for job in ("provision", "migrate", "owner"):
            self.answer(job, f"{job} SuccessCriteriaMet Complete\n")
        self.answer("operator", "SuccessCriteriaMet Complete")

    def answer(self, name: str, text: str = "") -> None:
        (self.folder / name).write_text(text)

    def run(self, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environ = {
            **os.environ,
            "KUBECTL": str(self._program),
            "ASKED": str(self.folder / "asked"),
            "ANSWERS": str(self.folder),
            "POLL_SECONDS": "0",
        }
        command = [str(KUBERNETES / script), *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    def operate(self) -> "tuple[subprocess.CompletedProcess[str], bool]":
        """Run a command of operators; return how it ended and whether its Job was deleted."""
        done = self.run("operator", "startline", "doctor", "--repair")
        return done, any("delete job operator-" in line for line in self.asked)

    @property
    def asked(self) -> Sequence[str]:
        return (self.folder / "asked").read_text().splitlines()

    def applied(self) -> Sequence[str]:
        """The selectors of what was applied, in order."""
        return [line.partition(" -l ")[2] for line in self.asked if line.startswith("apply")]


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


OVERLAY = str(KUBERNETES / "overlays" / "operators")


def test_jobs_are_complete_before_processes_and_apis_before_pages(cluster: Cluster) -> None:
    done = cluster.run("apply", OVERLAY)

    assert done.returncode == 0, done.stderr
    first, *jobs, apis, pages, last = cluster.applied()
    assert first.startswith("app.kubernetes.io/component notin (provision,migrate,owner,http,worker,gateway,")
    assert jobs == [f"app.kubernetes.io/component={job}" for job in ("provision", "migrate", "owner")]
    assert apis.startswith("app.kubernetes.io/component in (http,worker,gateway,")
    assert apis.endswith(",app.kubernetes.io/name!=web")
    assert pages == "app.kubernetes.io/name=web,app.kubernetes.io/component=http"
    assert last == "app.kubernetes.io/component in (autoscaling,doctor,operator)"
    assert _after(cluster, "rollout status deployment.apps/payment-api", "name=web")


def _after(cluster: Cluster, first: str, second: str) -> bool:
    places = [next(at for at, line in enumerate(cluster.asked) if words in line) for words in (first, second)]
    return places == sorted(places)


def test_servers_that_operators_run_are_waited_for_before_they_are_used(cluster: Cluster) -> None:
    cluster.run("apply", OVERLAY)
    assert _after(cluster, "--for=condition=Ready", "component=provision")
    assert "--timeout=900s cluster.postgresql.cnpg.io/postgres" in "\n".join(cluster.asked)
    assert "AllReplicasReady" not in "\n".join(cluster.asked), "there is none"


def test_before_data_are_restored_it_ends_with_empty_databases(cluster: Cluster) -> None:
    assert cluster.run("apply", OVERLAY, "provision").returncode == 0
    assert [each.rpartition("=")[2] for each in cluster.applied()[1:]] == ["provision"]
    assert cluster.run("apply", OVERLAY, "migrate").returncode == 1


def test_a_job_is_waited_for(cluster: Cluster) -> None:
    cluster.answer("migrate.first", "payment-migrate \ncheckin-migrate SuccessCriteriaMet Complete\n")
    assert cluster.run("apply", OVERLAY).returncode == 0
    assert len([line for line in cluster.asked if "get jobs -l app.kubernetes.io/component=migrate" in line]) == 2


def _fail_migration(cluster: Cluster) -> None:
    cluster.answer("migrate", "payment-migrate FailureTarget Failed\ncheckin-migrate SuccessCriteriaMet Complete\n")


def _fail_rendering(cluster: Cluster) -> None:
    cluster.answer("broken")


def _fail_rollout(cluster: Cluster) -> None:
    cluster.answer("late")


FAILURES: Sequence[tuple[Callable[[Cluster], None], str, int]] = (
    (_fail_rendering, "cannot be rendered", 0),
    (_fail_migration, "payment-migrate failed, as it says above. No process was replaced.", 3),
    (_fail_rollout, "deployment.apps/payment-api is not ready; its old ones go on.", 5),
)


@pytest.mark.parametrize(("fail", "says", "applied"), FAILURES, ids=[fail.__name__ for fail, *_ in FAILURES])
def test_what_fails_ends_it_before_the_next_step(
    cluster: Cluster, fail: Callable[[Cluster], None], says: str, applied: int
) -> None:
    fail(cluster)
    done = cluster.run("apply", OVERLAY)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(cluster.applied()) == applied


def test_without_an_overlay_it_says_what_it_needs(cluster: Cluster) -> None:
    done = cluster.run("apply", "/nowhere")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "overlays/operators" in done.stderr


def test_an_operator_s_command_is_passed_on_word_for_word(cluster: Cluster) -> None:
    done = cluster.run("operator", "startline", "dead-letters", "drop", 'a "b" \\c')

    assert (done.returncode, done.stdout) == (0, "No dead letters.\n"), done.stderr
    [patch] = [line for line in cluster.asked if "patch --local" in line]
    [change] = json.loads(patch.partition(" -p ")[2])
    assert change["path"] == "/spec/template/spec/containers/0/args"
    assert change["value"] == ["startline", "dead-letters", "drop", 'a "b" \\c']
    assert any("--from=cronjob/operator" in line for line in cluster.asked)
    assert any("delete job operator-" in line for line in cluster.asked)


def test_a_command_that_failed_is_a_failure_here(cluster: Cluster) -> None:
    cluster.answer("operator", "FailureTarget Failed")
    done, is_deleted = cluster.operate()
    assert (done.returncode, is_deleted) == (1, True)


@pytest.mark.parametrize("state", ["", "SuccessCriteriaMet"])
def test_a_command_s_end_is_waited_for_when_its_output_has_ended(cluster: Cluster, state: str) -> None:
    cluster.answer("operator.first", state)
    done, is_deleted = cluster.operate()
    assert (done.returncode, is_deleted) == (0, True), done.stderr


def test_a_command_whose_output_breaks_off_goes_on(cluster: Cluster) -> None:
    cluster.answer("broken_off")
    cluster.answer("operator")
    done, is_deleted = cluster.operate()
    assert (done.returncode, is_deleted) == (1, False)
    [named] = done.stderr.splitlines()
    assert "may still run" in named
    assert "logs -f job/operator-" in named


def test_a_command_that_ended_well_while_its_output_broke_off_is_a_success(cluster: Cluster) -> None:
    cluster.answer("broken_off")
    done, is_deleted = cluster.operate()
    assert (done.returncode, is_deleted) == (0, True), done.stderr
