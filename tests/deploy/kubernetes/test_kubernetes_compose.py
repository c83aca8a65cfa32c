"""The cluster runs what docker-compose.yml runs: the same processes, commands, settings, secrets and rooms."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from .conftest import rendered
from .manifests import KUBERNETES, Manifest, Pod, of_kind, parsed, pods, settings

COMPOSE: Mapping[str, Mapping[str, Any]] = yaml.safe_load((KUBERNETES.parents[1] / "docker-compose.yml").read_text())[
    "services"
]

SERVERS = {"postgres", "rabbitmq"}
"""What an operator or a provider runs instead."""

DEMO = {"simulators", "journey"}

OF_THE_CLUSTER = {
    "DATABASE_HOST",
    "BROKER_SCHEME",
    "BROKER_HOST",
    "DATABASE_ADMIN",
    "BROKER_ADMIN",
    "NAMESPACE",
    "SERVICE_DOMAIN",
}
"""Settings that say where servers are; other settings are made of them."""

OF_THE_PLACE = {
    "PUBLIC_URL",
    "STARTLINE_OWNER_EMAIL",
    "PROOF_STORE",
    "IMAGE_STORE",
    "COINGECKO_API_KEY",
    "CONNECTIONS_PER_SERVICE",
}
"""Settings with other values than on one machine: images are in a bucket, more replicas need more connections."""


def _pod(name: str, manifests: Sequence[Manifest]) -> Pod:
    [found] = [pod for pod in pods(manifests) if pod.name == name]
    return found


def test_every_process_of_compose_runs_in_the_cluster(overlay: Sequence[Manifest]) -> None:
    running = {pod.name for pod in pods(overlay)}
    assert running | DEMO == COMPOSE.keys() - SERVERS
    assert running & DEMO in (set(), DEMO)


PROCESSES = sorted(COMPOSE.keys() - SERVERS - DEMO)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_started_alike(base: Sequence[Manifest], name: str) -> None:
    pod, container = _pod(name, base), COMPOSE[name]
    assert pod.container.get("args") == container.get("command")
    assert pod.container["image"] == re.sub(r":\$\{.*\}$", "", container["image"])


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_has_the_same_settings(base: Sequence[Manifest], name: str) -> None:
    assert _differing(name, base) <= OF_THE_PLACE


def _differing(name: str, manifests: Sequence[Manifest]) -> set[str]:
    """Return the settings of a process that only one of both has, or that have another default."""
    expected = {key: _default(value) for key, value in (COMPOSE[name].get("environment") or {}).items()}
    found = settings(_pod(name, manifests), manifests)
    only_one = (found.keys() - OF_THE_CLUSTER) ^ expected.keys()
    return only_one | {key for key, value in expected.items() if key in found and found[key] != value}


def _default(value: Any) -> str:
    return re.sub(r"\$\{\w+(?::-|:\?)([^}]*)\}", r"\1", str(value))


def test_a_setting_that_differs_or_is_missing_is_named(base: Sequence[Manifest]) -> None:
    """The control."""
    of_kind(base, "Deployment")["checkin-api"]["spec"]["template"]["spec"]["containers"][0]["env"][:] = [
        {"name": "BROKER_URL", "value": "amqp://payment@rabbitmq/startline"}
    ]
    assert _differing("checkin-api", base) == {"DATABASE_URL", "BROKER_URL"}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_reads_the_same_secrets(base: Sequence[Manifest], name: str) -> None:
    expected = dict(map(_secret, COMPOSE[name].get("secrets", ())))
    assert _secrets(_pod(name, base)) == expected


def _secret(secret: Any) -> tuple[str, str]:
    return (secret["source"], secret["target"]) if isinstance(secret, dict) else (secret, secret)


def _secrets(pod: Pod) -> Mapping[str, str]:
    volumes = [each["secret"] for each in pod.spec.get("volumes", ()) if "secret" in each]
    return {item["key"]: item["path"] for secret in volumes for item in secret["items"]}


def test_only_provision_gets_one_more_for_keda(operators: Sequence[Manifest], base: Sequence[Manifest]) -> None:
    more = {
        pod.name: _secrets(pod).keys() - _secrets(_pod(pod.name, base)).keys()
        for pod in pods(operators)
        if _secrets(pod) != _secrets(_pod(pod.name, base))
    }
    assert more == {"provision": {"keda_password"}}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_has_the_same_room(base: Sequence[Manifest], name: str) -> None:
    pod, container = _pod(name, base), COMPOSE[name]
    assert _bytes(pod.container["resources"]["limits"]["memory"]) == _bytes(container["mem_limit"])
    assert _rooms(pod) == {_path(each): _bytes(_size(each)) for each in container["tmpfs"]}


def _rooms(pod: Pod) -> Mapping[str, int]:
    volumes = {each["name"]: each.get("emptyDir") for each in pod.spec["volumes"]}
    mounts = {each["mountPath"]: volumes[each["name"]] for each in pod.container["volumeMounts"]}
    assert all(room["medium"] == "Memory" for room in mounts.values() if room)
    return {path: _bytes(room["sizeLimit"]) for path, room in mounts.items() if room}


def _path(tmpfs: str) -> str:
    return tmpfs.partition(":")[0]


def _size(tmpfs: str) -> str:
    return str(re.findall(r"size=(\w+)", tmpfs)[0])


def _bytes(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)([kmgKMG])i?", text).groups()  # type: ignore[union-attr]  # or the test fails
    return int(number) * 1024 << 10 * "kmg".index(unit.lower())


@pytest.mark.parametrize("name", sorted(DEMO))
def test_stand_ins_are_started_alike_behind_the_cluster_s_addresses(name: str) -> None:
    manifests = parsed(rendered("overlays/demo"))
    pod, container = _pod(name, manifests), COMPOSE[name]
    assert pod.container["args"] == [each.replace("gateway:8080", "gateway") for each in container["command"]]
    assert settings(pod, manifests).keys() - OF_THE_CLUSTER == container["environment"].keys()
    assert _secrets(pod) == dict(map(_secret, container["secrets"]))


def test_the_demo_asks_every_stand_in_that_it_asks_on_one_machine(tmp_path: Path) -> None:
    command = [str(KUBERNETES.parent / "make-env"), str(tmp_path / ".env")]
    subprocess.run(command, capture_output=True, check=True)
    lines = [line for line in (tmp_path / ".env").read_text().splitlines() if not line.startswith("#")]
    manifests = parsed(rendered("overlays/demo"))
    found = {key: value for pod in pods(manifests) for key, value in settings(pod, manifests).items()}

    expected = {key: value for key, _, value in (line.partition("=") for line in lines) if "simulators" in value}

    assert len(expected) > 4
    assert {key: value for key, value in found.items() if "simulators" in value} == expected


def test_the_gateway_has_every_file_that_compose_gives_it(base: Sequence[Manifest]) -> None:
    folder = KUBERNETES.parent / "gateway"
    maps = {re.sub(r"-\w{10}$", "", name): each["data"] for name, each in of_kind(base, "ConfigMap").items()}
    read = {file.name: file.read_text() for file in folder.iterdir() if file.is_file() and file.name not in _NOT_READ}
    assert maps["gateway-files"] == read
    gateway = _pod("gateway", base)
    mounted = {each["mountPath"]: each.get("subPath") for each in gateway.container["volumeMounts"]}
    for volume in COMPOSE["gateway"]["volumes"]:
        source, target, _ = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")
        if target != "/etc/nginx/certificates":
            assert mounted[target] == (Path(source).name if "." in Path(source).name else None), volume


_NOT_READ = {"kustomization.yaml", "maintenance", ".gitignore"}


def test_rabbitmq_is_configured_as_in_compose(operators: Sequence[Manifest]) -> None:
    lines = (KUBERNETES.parent / "rabbitmq" / "startline.conf").read_text().splitlines()
    config = of_kind(operators, "RabbitmqCluster")["rabbitmq"]["spec"]
    assert {line for line in lines if not line.startswith("#")} <= set(
        config["rabbitmq"]["additionalConfig"].splitlines()
    )
    assert config["image"] == COMPOSE["rabbitmq"]["image"]
    assert {"cluster_partition_handling = pause_minority", "queue_leader_locator = balanced"} <= set(
        config["rabbitmq"]["additionalConfig"].splitlines()
    )
