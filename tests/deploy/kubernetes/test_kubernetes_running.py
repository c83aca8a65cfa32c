"""How processes start, stop and are scaled agrees with the code."""

import re
from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from chassis.process import BackgroundServer
from chassis.service import Service
from chassis.transports import rabbitmq
from chassis.web import health
from contracts.topology import SUBSCRIPTIONS, Names
from notification.queue import sender
from notification.settings import Settings
from standalone.provisioning.broker import KEDA
from standalone.services import SERVICES

from .manifests import KUBERNETES, Manifest, Pod, named, of_kind, pods, settings
from .test_kubernetes_compose import COMPOSE

_CONTAINED = "Deployment"
_OF_OPERATIONS = 60
"""Connections of migrations, the doctor, operators and PostgreSQL itself."""


def _running(manifests: Sequence[Manifest], component: str) -> Sequence[Pod]:
    return [
        each
        for each in pods(manifests)
        if each.kind == _CONTAINED and each.labels["app.kubernetes.io/component"] == component
    ]


def test_probes_ask_what_the_code_answers(operators: Sequence[Manifest]) -> None:
    answered = {route.path for route in health.router.routes}  # type: ignore[attr-defined]  # of FastAPI's routes
    processes = [*_running(operators, "http"), *_running(operators, "worker")]
    assert len(processes) == 11
    for pod in processes:
        asked = {
            kind: pod.container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")
        }
        assert asked == {"startup": "/health/live", "readiness": "/health/ready", "liveness": "/health/live"}, pod
        assert set(asked.values()) <= answered


def test_the_gateway_is_asked_for_itself_alone(operators: Sequence[Manifest]) -> None:
    """It answers for services that are away with what it keeps, and with 503."""
    [pod] = _running(operators, "gateway")
    paths = {pod.container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert paths == {"/health/live"}
    assert "location = /health/live {" in (KUBERNETES.parent / "gateway" / "answers.conf").read_text()


def test_a_start_is_waited_for_as_long_as_in_compose(operators: Sequence[Manifest]) -> None:
    for pod in (*_running(operators, "http"), *_running(operators, "worker")):
        probe = pod.container["startupProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] >= _seconds(
            COMPOSE[pod.name]["healthcheck"]["start_period"]
        )


@pytest.mark.parametrize("service", SERVICES, ids=[each.name for each in SERVICES])
def test_ports_are_those_of_the_processes(operators: Sequence[Manifest], service: Service[Any]) -> None:
    by_name = {pod.name: pod for pod in pods(operators)}
    dockerfile = (KUBERNETES.parent / "Dockerfile").read_text()
    assert f"UVICORN_PORT={by_name[f'{service.name}-api'].ports['http']} " in dockerfile
    assert by_name[f"{service.name}-worker"].ports["health"] == service.settings.model_fields["worker_port"].default


def test_a_stop_is_waited_for_until_everything_is_drained(operators: Sequence[Manifest]) -> None:
    dockerfile = (KUBERNETES.parent / "Dockerfile").read_text()
    [requests] = map(int, re.findall(r"UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN=(\d+)", dockerfile))
    for pod in _running(operators, "http"):
        assert _still_asked(pod) >= 10, "until the gateway's name server has forgotten it"
        assert _grace(pod) > _still_asked(pod) + requests, pod
    connections = 2 * rabbitmq._STOP_SECONDS
    answers = signature(BackgroundServer.__init__).parameters["grace_seconds"].default
    for pod in _running(operators, "worker"):
        assert _grace(pod) > connections + answers, pod


def test_a_message_that_is_being_sent_is_waited_for(operators: Sequence[Manifest]) -> None:
    [pod] = [each for each in pods(operators) if each.name == "notification-worker"]
    sending = Settings.model_construct().send_guard_seconds + sum(sender._RECORD_RETRY_SECONDS)
    assert _grace(pod) > 2 * rabbitmq._STOP_SECONDS + sending


def test_no_stop_is_shorter_than_in_compose(overlay: Sequence[Manifest]) -> None:
    for pod in pods(overlay):
        if pod.kind == _CONTAINED:
            assert _grace(pod) >= _seconds(COMPOSE[pod.name]["stop_grace_period"]) + _still_asked(pod), pod


def _grace(pod: Pod) -> int:
    return int(pod.spec["terminationGracePeriodSeconds"])


def _still_asked(pod: Pod) -> int:
    return int(pod.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0))


def _seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def test_replicas_are_spread_and_taken_away_one_by_one(operators: Sequence[Manifest]) -> None:
    budgets = of_kind(operators, "PodDisruptionBudget")
    deployments = of_kind(operators, _CONTAINED)
    assert budgets.keys() == deployments.keys()
    for name, deployment in deployments.items():
        spec = deployment["spec"]
        assert budgets[name]["spec"]["maxUnavailable"] == 1
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        spread = spec["template"]["spec"]["topologySpreadConstraints"]
        assert [each["topologyKey"] for each in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        assert all(each["labelSelector"] == spec["selector"] for each in spread), "replicas of its own"


def test_servers_are_on_machines_of_their_own(operators: Sequence[Manifest]) -> None:
    postgres = of_kind(operators, "Cluster")["postgres"]["spec"]
    assert postgres["affinity"]["podAntiAffinityType"] == "required"
    assert postgres["postgresql"]["synchronous"]["dataDurability"] == "required", "nothing confirmed is lost"
    rabbit = of_kind(operators, "RabbitmqCluster")["rabbitmq"]["spec"]
    assert "requiredDuringSchedulingIgnoredDuringExecution" in rabbit["affinity"]["podAntiAffinity"]
    assert postgres["instances"] == rabbit["replicas"] == 3


def _scaled(manifests: Sequence[Manifest]) -> Mapping[str, Mapping[str, Any]]:
    return {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in of_kind(manifests, "ScaledObject").values()
    }


def test_workers_are_scaled_by_their_own_queue_and_never_to_none(overlay: Sequence[Manifest]) -> None:
    for target, spec in _scaled(overlay).items():
        assert spec["minReplicaCount"] >= 2, target
        assert "idleReplicaCount" not in spec, "relay, sweeps and retries are the worker's"
        for trigger in spec["triggers"]:
            if trigger["type"] == "rabbitmq":
                assert target.removesuffix("-worker") in SUBSCRIPTIONS
                assert trigger["metadata"]["queueName"] == Names().queue(target.removesuffix("-worker"))
                assert trigger["metadata"]["vhostName"] == "startline"
                assert trigger["metadata"]["protocol"] == "http", "with amqp messages that are under way do not count"
                assert "excludeUnacknowledged" not in trigger["metadata"]
                assert spec["cooldownPeriod"] >= 300
                assert spec["fallback"]["replicas"] >= 2


def test_messages_are_not_sent_faster_by_more_workers(overlay: Sequence[Manifest]) -> None:
    """Their pace is in the database; and identity hears nothing."""
    workers = {target for target in _scaled(overlay) if target.endswith("-worker")}
    assert workers == {f"{name}-worker" for name in SUBSCRIPTIONS.keys() - {"notification"}}


def test_registration_is_there_before_an_opening(overlay: Sequence[Manifest]) -> None:
    triggers = {each["type"]: each["metadata"] for each in _scaled(overlay)["registration-api"]["triggers"]}
    assert triggers.keys() == {"cpu", "cron"}
    assert int(triggers["cron"]["desiredReplicas"]) > 2


def test_keda_asks_as_the_login_that_provision_makes(overlay: Sequence[Manifest]) -> None:
    keda = of_kind(overlay, "ConfigMap")["keda"]["data"]
    assert keda["username"] == KEDA
    assert keda["host"].startswith("http"), "the management API"
    [authentication] = of_kind(overlay, "TriggerAuthentication").values()
    assert [each["key"] for each in authentication["spec"]["secretTargetRef"]] == [f"{KEDA}_password"]


def _most(manifests: Sequence[Manifest]) -> Mapping[str, int]:
    """Return how many replicas of each Deployment may run, and one more while they are replaced."""
    fixed = {name: each["spec"].get("replicas") for name, each in of_kind(manifests, _CONTAINED).items()}
    by_load = {
        name: each["spec"]["maxReplicas"] for name, each in of_kind(manifests, "HorizontalPodAutoscaler").items()
    }
    by_keda = {name: spec["maxReplicaCount"] for name, spec in _scaled(manifests).items()}
    return {name: int(by_keda.get(name) or by_load.get(name) or fixed[name]) + 1 for name in fixed}


def _connections(pod: Pod, manifests: Sequence[Manifest]) -> int:
    """As docs/operations.md counts them: a pool, 7 more of a worker, and 2 of an export of an API."""
    values = settings(pod, manifests)
    pool = int(values.get("POOL_SIZE", 4)) + int(values.get("POOL_OVERFLOW", 4))
    return pool + (7 if pod.name.endswith("-worker") else 2 if pod.name.endswith("-api") else 0)


def test_all_replicas_together_find_connections(operators: Sequence[Manifest]) -> None:
    most = _most(operators)
    taken: dict[str, int] = {}
    for pod in pods(operators):
        if pod.kind == _CONTAINED and pod.name != "gateway":
            service = pod.labels["app.kubernetes.io/name"]
            taken[service] = taken.get(service, 0) + most[pod.name] * _connections(pod, operators)
    [provision] = [pod for pod in pods(operators) if pod.name == "provision"]
    assert max(taken.values()) <= int(settings(provision, operators)["CONNECTIONS_PER_SERVICE"])
    parameters = of_kind(operators, "Cluster")["postgres"]["spec"]["postgresql"]["parameters"]
    assert sum(taken.values()) + _OF_OPERATIONS <= int(parameters["max_connections"])


def test_alerts_ask_for_metrics_that_exist() -> None:
    rules = yaml.safe_load((KUBERNETES / "components" / "monitoring" / "alerts.yaml").read_text())["spec"]["groups"][0][
        "rules"
    ]
    code = "".join(
        file.read_text() for place in ("libs", "services") for file in _root().glob(f"{place}/*/src/**/*.py")
    )
    for rule in rules:
        for metric in re.findall(r"startline_\w+", rule["expr"]):
            assert f'"{metric}"' in code, f"{rule['alert']}: {metric}"
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}


_BOUND = re.compile(r"(startline_\w+).* (>|<) (\d+)$")
_SAYS = {">": "over", "<": "below"}


def test_alerts_fire_where_the_operators_document_says() -> None:
    text = (_root() / "docs" / "operations.md").read_text()
    rules = yaml.safe_load((KUBERNETES / "components" / "monitoring" / "alerts.yaml").read_text())["spec"]["groups"][0][
        "rules"
    ]
    bounds = [found for rule in rules if (found := _BOUND.search(rule["expr"])) and "increase" not in rule["expr"]]
    assert {found[2] for found in bounds} == set(_SAYS)
    for metric, direction, bound in (found.groups() for found in bounds):
        assert re.search(rf"`{metric}`[^|]* {_SAYS[direction]} {bound}[ ,|]", text), metric


def _root() -> Path:
    return KUBERNETES.parents[1]


def test_jobs_end(overlay: Sequence[Manifest]) -> None:
    for job in of_kind(overlay, "Job").values():
        assert job["spec"]["activeDeadlineSeconds"] > 0, named(job)
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never", "the log of each try stays"
