"""What objects of an overlay say of each other: names, keys, ports, labels. A complaint names the object."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from .manifests import Manifest, Pod, foreign_pods, matches, named, of_kind, pods

Secrets: TypeAlias = Mapping[str, frozenset[str]]
"""Keys of each Secret that an operator creates by hand."""


def complaints(manifests: Sequence[Manifest], secrets: Secrets) -> list[str]:
    """Return every reference that leads nowhere."""
    return [
        *_of_pods(manifests, secrets),
        *_of_services(manifests),
        *_of_budgets(manifests),
        *_of_autoscalers(manifests),
        *_of_policies(manifests),
        *_of_ingresses(manifests, secrets),
        *_of_monitors(manifests),
        *_of_operators(manifests, secrets),
    ]


def _of_pods(manifests: Sequence[Manifest], secrets: Secrets) -> Iterator[str]:
    maps = {name: frozenset(each["data"]) for name, each in of_kind(manifests, "ConfigMap").items()}
    for pod in pods(manifests):
        for kind, source, keys in _sources(pod):
            known = secrets if kind == "Secret" else maps
            if not source.get("optional"):
                yield from _missing(str(pod), f"{kind}/{source['name']}", known.get(source["name"]), keys)
        yield from _unmounted(pod)
        yield from _unknown_variables(pod, manifests)
        yield from (f"{pod}: no port {port}" for port in _asked_ports(pod) if port not in pod.ports)


def _missing(who: str, what: str, known: frozenset[str] | None, keys: Sequence[str]) -> Iterator[str]:
    if known is None:
        yield f"{who}: no {what}"
    else:
        yield from (f"{who}: no key {key} in {what}" for key in keys if key not in known)


def _sources(pod: Pod) -> Iterator[tuple[str, Mapping[str, Any], Sequence[str]]]:
    """Yield kind, reference and keys of each ConfigMap and Secret that a pod needs."""
    for each in pod.container.get("envFrom", ()):
        yield "ConfigMap", each["configMapRef"], ()
    for each in pod.container.get("env", ()):
        for form, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if source := each.get("valueFrom", {}).get(form):
                yield kind, source, (source["key"],)
    for volume in pod.spec.get("volumes", ()):
        for source in (volume, *volume.get("projected", {}).get("sources", ())):
            yield from _of_volume(source, pod)


def _of_volume(source: Mapping[str, Any], pod: Pod) -> Iterator[tuple[str, Mapping[str, Any], Sequence[str]]]:
    if "secret" in source:
        secret = {"name": source["secret"]["secretName"], **source["secret"]}
        yield "Secret", secret, [item["key"] for item in secret["items"]]
    if "configMap" in source:
        mounts = [each for each in pod.container["volumeMounts"] if each["name"] == source.get("name")]
        items = [item["key"] for item in source["configMap"].get("items", ())]
        yield "ConfigMap", source["configMap"], [*items, *(each["subPath"] for each in mounts if "subPath" in each)]


def _unmounted(pod: Pod) -> Iterator[str]:
    volumes = {each["name"] for each in pod.spec.get("volumes", ())}
    mounted = {each["name"] for each in pod.container.get("volumeMounts", ())}
    yield from (f"{pod}: volume {name} is not mounted" for name in volumes - mounted)
    yield from (f"{pod}: no volume {name}" for name in mounted - volumes)


def _unknown_variables(pod: Pod, manifests: Sequence[Manifest]) -> Iterator[str]:
    maps = of_kind(manifests, "ConfigMap")
    names = [each["configMapRef"]["name"] for each in pod.container.get("envFrom", ())]
    known = {key for name in names if name in maps for key in maps[name]["data"]}
    for each in pod.container.get("env", ()):
        used = re.findall(r"\$\((\w+)\)", str(each.get("value", "")))
        yield from (f"{pod}: {each['name']} uses {name}, which is not set" for name in used if name not in known)
        known.add(each["name"])


def _asked_ports(pod: Pod) -> Iterator[str]:
    probes = (pod.container.get(f"{kind}Probe") for kind in ("startup", "readiness", "liveness"))
    return (probe["httpGet"]["port"] for probe in probes if probe)


def _of_services(manifests: Sequence[Manifest]) -> Iterator[str]:
    for service in of_kind(manifests, "Service").values():
        behind = [pod for pod in pods(manifests) if matches({"matchLabels": service["spec"]["selector"]}, pod.labels)]
        if not behind:
            yield f"{named(service)}: no pod has its labels"
        for port in service["spec"]["ports"]:
            yield from (
                f"{named(service)}: no port {port['targetPort']} of {pod}"
                for pod in behind
                if port["targetPort"] not in pod.ports
            )


def _of_budgets(manifests: Sequence[Manifest]) -> Iterator[str]:
    for budget in of_kind(manifests, "PodDisruptionBudget").values():
        of_it = [pod.name for pod in pods(manifests) if matches(budget["spec"]["selector"], pod.labels)]
        if of_it != [budget["metadata"]["name"]]:
            yield f"{named(budget)}: is for {of_it}"


def _of_autoscalers(manifests: Sequence[Manifest]) -> Iterator[str]:
    deployments = of_kind(manifests, "Deployment")
    scaled: set[str] = set()
    for each in manifests:
        if each["kind"] in ("HorizontalPodAutoscaler", "ScaledObject"):
            target = each["spec"]["scaleTargetRef"]["name"]
            if target not in deployments:
                yield f"{named(each)}: no Deployment/{target}"
            elif target in scaled or "replicas" in deployments[target]["spec"]:
                yield f"{named(each)}: something else scales Deployment/{target}, too"
            scaled.add(target)


def _of_policies(manifests: Sequence[Manifest]) -> Iterator[str]:
    running = [*pods(manifests), *foreign_pods(manifests)]
    for policy in of_kind(manifests, "NetworkPolicy").values():
        chosen = [pod for pod in running if matches(policy["spec"]["podSelector"], pod.labels)]
        if not chosen:
            yield f"{named(policy)}: no pod has its labels"
        for rule in policy["spec"].get("ingress", ()):
            yield from _of_rule(named(policy), rule, chosen, rule.get("from", ()), running)
        for rule in policy["spec"].get("egress", ()):
            there = [pod for peer in rule.get("to", ()) for pod in _peers(peer, running)]
            yield from _of_rule(named(policy), rule, there, rule.get("to", ()), running)


def _of_rule(
    policy: str,
    rule: Mapping[str, Any],
    asked: Sequence[Pod],
    peers: Sequence[Mapping[str, Any]],
    running: Sequence[Pod],
) -> Iterator[str]:
    for peer in peers:
        if _is_inside(peer) and not _peers(peer, running):
            yield f"{policy}: no pod has the labels {peer['podSelector']}"
    for port in rule["ports"]:
        if asked and not any(has_port(pod, port["port"]) for pod in asked):
            yield f"{policy}: no port {port['port']}"


def _is_inside(peer: Mapping[str, Any]) -> bool:
    return "podSelector" in peer and "namespaceSelector" not in peer


def _peers(peer: Mapping[str, Any], running: Sequence[Pod]) -> Sequence[Pod]:
    return [pod for pod in running if _is_inside(peer) and matches(peer["podSelector"], pod.labels)]


def has_port(pod: Pod, port: str | int) -> bool:
    """Return whether a pod listens on a port, by name or number."""
    return port in pod.ports or port in pod.ports.values()


def _of_ingresses(manifests: Sequence[Manifest], secrets: Secrets) -> Iterator[str]:
    services = of_kind(manifests, "Service")
    for ingress in of_kind(manifests, "Ingress").values():
        for tls in ingress["spec"]["tls"]:
            yield from _missing(
                named(ingress), f"Secret/{tls['secretName']}", secrets.get(tls["secretName"]), ("tls.crt", "tls.key")
            )
        for path in (path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]):
            backend = path["backend"]["service"]
            ports = (
                [port["name"] for port in services[backend["name"]]["spec"]["ports"]]
                if backend["name"] in services
                else []
            )
            if backend["port"]["name"] not in ports:
                yield f"{named(ingress)}: no port {backend['port']['name']} of Service/{backend['name']}"


def _of_monitors(manifests: Sequence[Manifest]) -> Iterator[str]:
    running = [*pods(manifests), *foreign_pods(manifests)]
    for monitor in of_kind(manifests, "PodMonitor").values():
        seen = [pod for pod in running if matches(monitor["spec"]["selector"], pod.labels)]
        ports = {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]}
        yield from (f"{named(monitor)}: no port {port}" for port in ports if not any(port in pod.ports for pod in seen))
        yield from (f"{named(monitor)}: no port for {pod}" for pod in seen if not ports & pod.ports.keys())


def _of_operators(manifests: Sequence[Manifest], secrets: Secrets) -> Iterator[str]:
    maps = {name: frozenset(each["data"]) for name, each in of_kind(manifests, "ConfigMap").items()}
    for each in of_kind(manifests, "TriggerAuthentication").values():
        for source in each["spec"]["configMapTargetRef"]:
            yield from _missing(named(each), f"ConfigMap/{source['name']}", maps.get(source["name"]), (source["key"],))
        for source in each["spec"]["secretTargetRef"]:
            yield from _missing(named(each), f"Secret/{source['name']}", secrets.get(source["name"]), (source["key"],))
    for each in of_kind(manifests, "ScaledObject").values():
        wanted = (trigger.get("authenticationRef", {}).get("name") for trigger in each["spec"]["triggers"])
        lacking = {name for name in wanted if name} - of_kind(manifests, "TriggerAuthentication").keys()
        yield from (f"{named(each)}: no TriggerAuthentication/{name}" for name in lacking)
    for each in of_kind(manifests, "ScheduledBackup").values():
        if each["spec"]["cluster"]["name"] not in of_kind(manifests, "Cluster"):
            yield f"{named(each)}: no Cluster/{each['spec']['cluster']['name']}"
    for each, name, keys in _secrets_of_operators(manifests):
        yield from _missing(named(each), f"Secret/{name}", secrets.get(name), keys)


def _secrets_of_operators(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, str, Sequence[str]]]:
    for each in of_kind(manifests, "Cluster").values():
        yield each, each["spec"]["superuserSecret"]["name"], ("username", "password")
        for source in each["spec"]["backup"]["barmanObjectStore"]["s3Credentials"].values():
            yield each, source["name"], (source["key"],)
    for each in of_kind(manifests, "RabbitmqCluster").values():
        yield each, each["spec"]["secretBackend"]["externalSecret"]["name"], ("default_user.conf",)
