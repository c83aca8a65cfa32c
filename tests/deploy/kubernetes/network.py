"""Which pod reaches which, as the NetworkPolicies say."""

from collections.abc import Mapping, Sequence
from typing import Any

from .manifests import Manifest, Pod, matches, of_kind
from .references import has_port


def reaches(client: Pod, server: Pod, port: int, manifests: Sequence[Manifest]) -> bool:
    """Return whether the policies let `client` open a connection to this port of `server`."""
    out = _rules(client, "egress", "Egress", manifests)
    into = _rules(server, "ingress", "Ingress", manifests)
    return (out is None or any(_lets(rule, "to", server, server, port) for rule in out)) and (
        into is None or any(_lets(rule, "from", client, server, port) for rule in into)
    )


def reaches_address(client: Pod, port: int, manifests: Sequence[Manifest]) -> Sequence[Mapping[str, Any]]:
    """Return the blocks of addresses that `client` may connect to on a port."""
    rules = _rules(client, "egress", "Egress", manifests) or ()
    return [
        peer["ipBlock"]
        for rule in rules
        if any(each["port"] == port for each in rule["ports"])
        for peer in rule["to"]
        if "ipBlock" in peer
    ]


def _rules(pod: Pod, direction: str, policy_type: str, manifests: Sequence[Manifest]) -> list[Mapping[str, Any]] | None:
    """Return the rules for a pod; None if no policy is for it, so that everything is allowed."""
    policies = [
        each["spec"]
        for each in of_kind(manifests, "NetworkPolicy").values()
        if policy_type in each["spec"]["policyTypes"] and matches(each["spec"]["podSelector"], pod.labels)
    ]
    return [rule for each in policies for rule in each.get(direction, ())] if policies else None


def _lets(rule: Mapping[str, Any], side: str, peer: Pod, server: Pod, port: int) -> bool:
    to_port = any(each["port"] == port or _number(server, each["port"]) == port for each in rule["ports"])
    peers = rule.get(side)
    if peers is None:
        return to_port and has_port(server, port)
    return to_port and any(
        "podSelector" in each and "namespaceSelector" not in each and matches(each["podSelector"], peer.labels)
        for each in peers
    )


def _number(pod: Pod, port: str | int) -> int | None:
    return pod.ports.get(str(port))
