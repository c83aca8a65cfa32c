"""Every field exists, and every name, key, port and label leads somewhere; what does not is named."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import pytest

from .conftest import BY_HAND, tools
from .manifests import KUBERNETES, Manifest, named
from .references import Secrets
from .references import complaints as loose_ends
from .schemas import Validators, complaints, is_built_in, of_kubernetes, of_operators
from .tools import find_crds

OLDEST, NEWEST = "1.32", "1.37"
DOCUMENT: Final = KUBERNETES.parents[1] / "docs" / "kubernetes.md"


@cache
def _operators() -> Validators:
    folder = find_crds()
    if folder is not None:
        return of_operators(folder)
    pytest.skip("the operators' definitions are missing: KUBERNETES_CRDS names a folder with them (docs/kubernetes.md)")


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_knows_every_field(overlay: Sequence[Manifest], version: str) -> None:
    with tools():
        assert complaints([each for each in overlay if is_built_in(each)], of_kubernetes(version)) == []


def test_the_operators_know_every_field(overlay: Sequence[Manifest]) -> None:
    assert complaints([each for each in overlay if not is_built_in(each)], _operators()) == []


def test_what_an_object_names_is_there(overlay: Sequence[Manifest], secrets: Secrets) -> None:
    assert loose_ends(overlay, secrets) == []


def test_objects_have_names_of_their_own_in_one_namespace(overlay: Sequence[Manifest]) -> None:
    names = [(each["apiVersion"], named(each)) for each in overlay]
    assert len(names) == len(set(names))
    spaces = {each["metadata"].get("namespace") for each in overlay if each["kind"] != "Namespace"}
    assert spaces == {"startline"}


def test_the_document_makes_every_secret() -> None:
    text = DOCUMENT.read_text()
    assert set(re.findall(r"create secret (?:generic|tls) ([\w-]+)", text)) == {"startline", *BY_HAND}
    for keys in BY_HAND.values():
        assert [key for key in keys if key not in text and not key.startswith("tls.")] == []


Place = tuple[str | int, ...]


def _at(manifests: Sequence[Manifest], name: str, place: Place) -> Any:
    found: Any
    [found] = [each for each in manifests if re.sub(r"-[a-z0-9]{10}$", "", named(each)) == name]
    for key in place:
        found = found[key]
    return found


_CONTAINER: Place = ("spec", "template", "spec", "containers", 0)

UNKNOWN: Mapping[str, tuple[str, Place, str, Any]] = {
    "an unknown field": ("Deployment/payment-worker", _CONTAINER, "resource", {}),
    "an unknown field of a probe": ("Deployment/web", (*_CONTAINER, "readinessProbe"), "timeout", 3),
    "a word for a number": ("Deployment/web", ("spec", "template", "spec"), "terminationGracePeriodSeconds", "fifty"),
    "a field of another kind": ("PodDisruptionBudget/web", ("spec",), "replicas", 1),
    "a word that is none": ("NetworkPolicy/nothing", ("spec",), "policyType", ["Egress"]),
}


@pytest.mark.parametrize("mistake", UNKNOWN)
def test_what_kubernetes_does_not_know_is_named(operators: Sequence[Manifest], mistake: str) -> None:
    name, place, key, value = UNKNOWN[mistake]
    _at(operators, name, place)[key] = value
    with tools():
        [complaint] = complaints([each for each in operators if is_built_in(each)], of_kubernetes(NEWEST))
    assert complaint.startswith(f"{name}: ")
    assert key in complaint or "terminationGracePeriodSeconds" in complaint


UNKNOWN_TO_OPERATORS: Mapping[str, tuple[str, Place, str, Any]] = {
    "an unknown field": ("ScaledObject/payment-worker", ("spec",), "minReplicas", 1),
    "a number for a word": ("ScaledObject/payment-worker", ("spec", "triggers", 0, "metadata"), "value", 200),
    "a number that is none": ("Cluster/postgres", ("spec",), "instances", 0),
    "an unknown field of PostgreSQL": ("Cluster/postgres", ("spec", "postgresql", "synchronous"), "quorum", 1),
    "an unknown field of RabbitMQ": ("RabbitmqCluster/rabbitmq", ("spec",), "replica", 3),
    "an unknown field of a monitor": ("PodMonitor/startline", ("spec",), "endpoints", []),
    "a deprecated field": ("Cluster/postgres", ("spec",), "monitoring", {"enablePodMonitor": True}),
    "a field that is missing": ("ScheduledBackup/daily", ("spec",), "cluster", {}),
}


@pytest.mark.parametrize("mistake", UNKNOWN_TO_OPERATORS)
def test_what_an_operator_does_not_know_is_named(operators: Sequence[Manifest], mistake: str) -> None:
    name, place, key, value = UNKNOWN_TO_OPERATORS[mistake]
    _at(operators, name, place)[key] = value
    [complaint] = complaints([each for each in operators if not is_built_in(each)], _operators())
    assert complaint.startswith(f"{name}: ")
    assert key in complaint


def _set(name: str, *place: str | int, to: Any) -> Callable[[Sequence[Manifest]], None]:
    def change(manifests: Sequence[Manifest]) -> None:
        _at(manifests, name, place[:-1])[place[-1]] = to

    return change


LOOSE: Mapping[str, Callable[[Sequence[Manifest]], None]] = {
    "Deployment/web: no port htttp": _set(
        "Deployment/web", *_CONTAINER, "livenessProbe", "httpGet", "port", to="htttp"
    ),
    "Deployment/web: no ConfigMap/wob": _set(
        "Deployment/web", *_CONTAINER, "envFrom", 0, "configMapRef", "name", to="wob"
    ),
    "Deployment/payment-api: no key pay in Secret/startline": _set(
        "Deployment/payment-api", "spec", "template", "spec", "volumes", 1, "secret", "items", 0, "key", to="pay"
    ),
    "Deployment/payment-api: no Secret/finishline": _set(
        "Deployment/payment-api", "spec", "template", "spec", "volumes", 1, "secret", "secretName", to="finishline"
    ),
    "Deployment/payment-api: DATABASE_URL uses DATABASE, which is not set": _set(
        "Deployment/payment-api", *_CONTAINER, "env", 0, "value", to="postgresql://startline_payment@$(DATABASE)/x"
    ),
    "Service/payment-api: no port 8000 of Deployment/payment-api": _set(
        "Service/payment-api", "spec", "ports", 0, "targetPort", to="8000"
    ),
    "Service/web: no pod has its labels": _set("Service/web", "spec", "selector", "app.kubernetes.io/name", to="pages"),
    "PodDisruptionBudget/web: is for []": _set(
        "PodDisruptionBudget/web", "spec", "selector", "matchLabels", "app.kubernetes.io/name", to="pages"
    ),
    "HorizontalPodAutoscaler/payment-api: no Deployment/payments": _set(
        "HorizontalPodAutoscaler/payment-api", "spec", "scaleTargetRef", "name", to="payments"
    ),
    "ScaledObject/web: something else scales Deployment/payment-api, too": _set(
        "ScaledObject/web", "spec", "scaleTargetRef", "name", to="payment-api"
    ),
    "ScaledObject/payment-worker: no TriggerAuthentication/rabbit": _set(
        "ScaledObject/payment-worker", "spec", "triggers", 0, "authenticationRef", "name", to="rabbit"
    ),
    "NetworkPolicy/gateway: no port 8080": _set(
        "NetworkPolicy/gateway", "spec", "egress", 0, "ports", 0, "port", to=8080
    ),
    "NetworkPolicy/keys: no pod has its labels": _set(
        "NetworkPolicy/keys", "spec", "podSelector", to={"matchLabels": {"a": "b"}}
    ),
    "Ingress/gateway: no port https of Service/gateway": _set(
        *("Ingress/gateway", "spec", "rules", 0, "http", "paths", 0, "backend", "service", "port", "name"), to="https"
    ),
    "Cluster/postgres: no Secret/root": _set("Cluster/postgres", "spec", "superuserSecret", "name", to="root"),
    "ScheduledBackup/daily: no Cluster/postgre": _set("ScheduledBackup/daily", "spec", "cluster", "name", to="postgre"),
    "PodMonitor/rabbitmq: no port metrics": _set(
        "PodMonitor/rabbitmq", "spec", "podMetricsEndpoints", 0, "port", to="metrics"
    ),
}


@pytest.mark.parametrize("complaint", LOOSE)
def test_what_leads_nowhere_is_named(operators: Sequence[Manifest], secrets: Secrets, complaint: str) -> None:
    LOOSE[complaint](operators)
    assert complaint in loose_ends(operators, secrets)


def test_a_secret_that_is_not_made_is_named(operators: Sequence[Manifest], secrets: Secrets) -> None:
    without = {**secrets, "startline": secrets["startline"] - {"fonnte_token"}}
    assert loose_ends(operators, without) == [
        f"Deployment/notification-{half}: no key fonnte_token in Secret/startline" for half in ("api", "worker")
    ]
