"""The overlays as Kustomize renders them, and what stands in them."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml  # type: ignore[import-untyped]

from .tools import find_kubectl

KUBERNETES: Final = Path(__file__).parents[3] / "deploy" / "kubernetes"
OVERLAYS: Final = ("operators", "managed", "demo")

Manifest: TypeAlias = Mapping[str, Any]

_POD: Final = {
    "Deployment": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True)
class Pod:
    """What runs: of a Deployment, Job or CronJob, or foreign, of an operator's resource."""

    kind: str
    name: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def container(self) -> Mapping[str, Any]:
        """Return its only container."""
        [found] = self.spec["containers"]
        return dict(found)

    @property
    def ports(self) -> Mapping[str, int]:
        """Return its ports by name."""
        return {port["name"]: port["containerPort"] for port in self.container.get("ports", ())}

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def render(folder: Path) -> str:
    """Return what Kustomize makes of a folder."""
    done = subprocess.run([find_kubectl(), "kustomize", folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def parsed(text: str) -> Sequence[Manifest]:
    """Return the objects of a rendered overlay."""
    return [each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each]


def named(manifest: Manifest) -> str:
    """Return kind and name, as errors show them."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def of_kind(manifests: Sequence[Manifest], *kinds: str) -> Mapping[str, Manifest]:
    """Return the objects of these kinds by name."""
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] in kinds}


def pods(manifests: Sequence[Manifest]) -> Sequence[Pod]:
    """Return what the overlay itself runs."""
    return [_pod(each) for each in manifests if each["kind"] in _POD]


def _pod(manifest: Manifest) -> Pod:
    template: Mapping[str, Any] = manifest
    for key in _POD[manifest["kind"]]:
        template = template[key]
    return Pod(manifest["kind"], manifest["metadata"]["name"], template["metadata"]["labels"], template["spec"])


def foreign_pods(manifests: Sequence[Manifest]) -> Sequence[Pod]:
    """Return what operators run for the overlay, with the labels and ports that they give it."""
    return [
        *(
            _foreign(each, "cnpg.io/cluster", postgresql=5432, status=8000, metrics=9187)
            for each in _databases(manifests)
        ),
        *(
            _foreign(
                each,
                "app.kubernetes.io/name",
                epmd=4369,
                amqp=5672,
                management=15672,
                prometheus=15692,
                clustering=25672,
            )
            for each in of_kind(manifests, "RabbitmqCluster").values()
        ),
    ]


def _databases(manifests: Sequence[Manifest]) -> Iterator[Manifest]:
    return (each for each in of_kind(manifests, "Cluster").values() if each["apiVersion"].startswith("postgresql."))


def _foreign(manifest: Manifest, label: str, **ports: int) -> Pod:
    name = manifest["metadata"]["name"]
    listed = [{"name": port, "containerPort": number} for port, number in ports.items()]
    return Pod(manifest["kind"], name, {label: name}, {"containers": [{"ports": listed}]})


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return whether a selector of labels, an empty one included, takes these."""
    wanted = selector.get("matchLabels", {}).items() <= labels.items()
    return wanted and all(_holds(each, labels) for each in selector.get("matchExpressions", ()))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if expression["operator"] != "In":
        raise NotImplementedError(expression["operator"])
    return labels.get(expression["key"]) in expression["values"]


def settings(pod: Pod, manifests: Sequence[Manifest]) -> Mapping[str, str]:
    """Return the environment of a pod's container as it will be; what comes from a Secret is `secret:KEY`."""
    maps = of_kind(manifests, "ConfigMap")
    found: dict[str, str] = {}
    for each in pod.container.get("envFrom", ()):
        found |= maps[each["configMapRef"]["name"]]["data"]
    for each in pod.container.get("env", ()):
        found[each["name"]] = _value(each, maps, found)
    return found


def _value(variable: Mapping[str, Any], maps: Mapping[str, Manifest], known: Mapping[str, str]) -> str:
    if "value" in variable:
        text = str(variable["value"])
        for name, value in known.items():
            text = text.replace(f"$({name})", value)
        return text
    [(kind, source)] = variable["valueFrom"].items()
    if kind == "configMapKeyRef":
        return str(maps[source["name"]]["data"][source["key"]])
    return f"secret:{source['key']}" if kind == "secretKeyRef" else str(source["fieldPath"])
