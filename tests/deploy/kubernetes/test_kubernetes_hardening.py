"""What no process may do in the cluster: rights, secrets, and who reaches whom."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from .conftest import rendered
from .manifests import KUBERNETES, Manifest, Pod, foreign_pods, of_kind, parsed, pods, settings
from .network import reaches, reaches_address
from .test_kubernetes_compose import COMPOSE

_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEYS|API_KEY")
_URL = re.compile(r"^https?://([a-z-]+)(?::(\d+))?(?:/|$)")
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16")


def test_no_process_is_root_or_gets_more_rights(overlay: Sequence[Manifest]) -> None:
    for pod in pods(overlay):
        assert pod.container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }, pod
        user = {key: pod.spec["securityContext"][key] for key in ("runAsNonRoot", "seccompProfile")}
        assert user == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}, pod
        assert pod.spec["securityContext"]["runAsUser"] == (101 if pod.name == "gateway" else 10001), pod
        assert pod.spec["automountServiceAccountToken"] is False, "no process needs the cluster's API"
        assert pod.spec["enableServiceLinks"] is False, "variables for each Service would be taken for settings"
        assert not {"hostNetwork", "hostPID", "hostIPC", "serviceAccountName"} & pod.spec.keys(), pod


def test_the_user_is_the_one_of_the_images() -> None:
    assert "useradd --system --uid 10001 " in (KUBERNETES.parent / "Dockerfile").read_text()
    assert COMPOSE["gateway"]["user"] == "101:101"


def test_the_namespace_refuses_what_may_do_more(overlay: Sequence[Manifest]) -> None:
    labels = of_kind(overlay, "Namespace")["startline"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_every_process_has_bounds(overlay: Sequence[Manifest]) -> None:
    for pod in pods(overlay):
        assert pod.container["resources"]["requests"].keys() == {"cpu", "memory"}, pod
        assert pod.container["resources"]["limits"].keys() == {"memory"}, (
            "a limit of processors slows down who waits for it"
        )


def test_no_secret_stands_in_a_manifest(overlay: Sequence[Manifest]) -> None:
    assert not of_kind(overlay, "Secret")
    for pod in pods(overlay):
        for name, value in settings(pod, overlay).items():
            assert not re.search(r"://[^/@]*:[^/@]*@", value), f"{pod}: {name}"
            if _SECRET.search(name):
                assert value.startswith("secret:"), f"{pod}: {name}"
        for volume in pod.spec["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["defaultMode"] == 0o440, pod


def _process(name: str, manifests: Sequence[Manifest]) -> Pod:
    [found] = [pod for pod in (*pods(manifests), *foreign_pods(manifests)) if pod.name == name]
    return found


def _asked(pod: Pod, manifests: Sequence[Manifest]) -> Iterator[tuple[str, int]]:
    """Services and ports in the settings and arguments of a pod."""
    values = settings(pod, manifests)
    for text in (*values.values(), *pod.container.get("args", ())):
        found = _URL.match(text)
        if found and found[1] in of_kind(manifests, "Service"):
            yield found[1], int(found[2] or 80)


@pytest.mark.parametrize("overlay_name", ["operators", "demo"])
def test_who_is_asked_can_be_reached(overlay_name: str) -> None:
    manifests = parsed(rendered(f"overlays/{overlay_name}"))
    asked = {
        (pod.name, *each)
        for pod in pods(manifests)
        for each in _asked(pod, manifests)
        if not _is_of_a_worker(pod, each)
    }
    assert len(asked) > 10
    for client, service, port in asked:
        server = _process(service, manifests)
        [number] = [
            server.ports[each["targetPort"]]
            for each in of_kind(manifests, "Service")[service]["spec"]["ports"]
            if each["port"] == port
        ]
        assert reaches(_process(client, manifests), server, number, manifests), f"{client} -> {service}:{port}"


def _is_of_a_worker(pod: Pod, asked: tuple[str, int]) -> bool:
    """Workers have the addresses of keys among their settings, and ask for none: they check no tokens."""
    return pod.labels["app.kubernetes.io/component"] == "worker" and asked[0] in ("identity-api", "registration-api")


def test_the_gateway_reaches_what_it_passes_requests_on_to(overlay: Sequence[Manifest]) -> None:
    routes = (KUBERNETES.parent / "gateway" / "routes.conf").read_text()
    upstreams = set(re.findall(r"set \$service ([\w-]+:\d+);", routes))
    assert len(upstreams) == 6
    for name, _, port in (each.partition(":") for each in upstreams):
        assert reaches(_process("gateway", overlay), _process(name, overlay), int(port), overlay), name


def test_only_those_with_work_there_reach_postgresql_and_rabbitmq(operators: Sequence[Manifest]) -> None:
    postgres, rabbitmq = foreign_pods(operators)
    databases = {pod.name for pod in pods(operators) if reaches(pod, postgres, 5432, operators)}
    assert databases == {name for name, each in COMPOSE.items() if "DATABASE_URL" in _names(each)} - {"journey"}
    brokers = {pod.name for pod in pods(operators) if reaches(pod, rabbitmq, 5672, operators)}
    workers = {name for name in COMPOSE if name.endswith("-worker")}
    assert brokers == {*workers, "provision", "operator"}, "an API publishes by its worker"
    assert {pod.name for pod in pods(operators) if reaches(pod, rabbitmq, 15672, operators)} == {"provision"}


def _names(container: Any) -> set[str]:
    return {each.replace("MIGRATION_", "") for each in container.get("environment") or {}}


def test_only_those_who_have_to_get_out(operators: Sequence[Manifest]) -> None:
    outward = {name for name, each in COMPOSE.items() if "outward" in each["networks"]} - {"simulators", "journey"}
    for port in (443, 587):
        assert {pod.name for pod in pods(operators) if reaches_address(pod, port, operators)} == outward
    for pod in pods(operators):
        for block in reaches_address(pod, 443, operators):
            assert not [each for each in METADATA if _includes(block, each)], f"{pod}: machines' secrets are there"


def _includes(block: Any, address: str) -> bool:
    network = ip_network(block["cidr"])
    taken_out = any(ip_address(address) in ip_network(each) for each in block.get("except", ()))
    return network.version == ip_address(address).version and ip_address(address) in network and not taken_out


def test_nothing_else_is_allowed(operators: Sequence[Manifest]) -> None:
    """The pairs that an attacker would like."""
    refused = [
        ("gateway", "payment-worker", 8081),
        ("gateway", "postgres", 5432),
        ("web", "rabbitmq", 5672),
        ("payment-api", "notification-api", 8000),
        ("notification-worker", "payment-api", 8000),
        ("payment-worker", "registration-worker", 8081),
        ("doctor", "rabbitmq", 5672),
    ]
    for client, server, port in refused:
        assert not reaches(_process(client, operators), _process(server, operators), port, operators), (
            f"{client} -> {server}"
        )


def test_without_the_policies_everything_is_allowed(operators: Sequence[Manifest]) -> None:
    """The control."""
    without = [each for each in operators if each["kind"] != "NetworkPolicy"]
    assert reaches(_process("gateway", without), _process("postgres", without), 5432, without)
