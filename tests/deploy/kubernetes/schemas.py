"""Manifests against the schemas of Kubernetes and the operators, strictly: an unknown field is an error."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml  # type: ignore[import-untyped]
from jsonschema_rs import Draft202012Validator

from .manifests import Manifest, named
from .tools import definitions

Kind: TypeAlias = tuple[str, str]
"""apiVersion and kind."""

Validators: TypeAlias = Callable[[Kind], Draft202012Validator | None]

_GROUPS: Final = {
    "v1": "core.v1",
    "apps/v1": "apps.v1",
    "batch/v1": "batch.v1",
    "policy/v1": "policy.v1",
    "autoscaling/v2": "autoscaling.v2",
    "networking.k8s.io/v1": "networking.v1",
}
_DEPRECATED: Final = "Deprecated: "
_OPEN: Final = ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource")


def complaints(manifests: Sequence[Manifest], validators: Validators) -> list[str]:
    """Return each field that is unknown or wrong, after the object's kind and name."""
    return [f"{named(each)}: {error}" for each in manifests for error in _errors(each, validators)]


def _errors(manifest: Manifest, validators: Validators) -> Iterator[str]:
    validator = validators((manifest["apiVersion"], manifest["kind"]))
    if validator is None:
        yield f"{manifest['apiVersion']} is not known"
        return
    for error in validator.iter_errors(manifest):
        yield f"{'.'.join(map(str, error.instance_path))}: {error.message}"


def is_built_in(manifest: Manifest) -> bool:
    """Return whether Kubernetes itself defines the kind."""
    return manifest["apiVersion"] in _GROUPS


def of_kubernetes(version: str) -> Validators:
    """Return the validators of one release of Kubernetes, such as 1.37."""

    @cache
    def validator(kind: Kind) -> Draft202012Validator | None:
        group, known = _GROUPS.get(kind[0]), definitions(version)
        name = f"io.k8s.api.{group}.{kind[1]}"
        if name not in known:
            return None
        return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": known})

    return validator


def of_operators(folder: Path) -> Validators:
    """Return the validators of the kinds that the files in `folder` define (CustomResourceDefinition)."""
    schemas = {kind: schema for file in sorted(folder.glob("*.yaml")) for kind, schema in _defined(file)}

    @cache
    def validator(kind: Kind) -> Draft202012Validator | None:
        return Draft202012Validator(strict(schemas[kind])) if kind in schemas else None

    return validator


def _defined(file: Path) -> Iterator[tuple[Kind, Mapping[str, Any]]]:
    for each in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader):
        if each and each["kind"] == "CustomResourceDefinition":
            spec = each["spec"]
            for version in spec["versions"]:
                schema = version["schema"]["openAPIV3Schema"]
                yield (f"{spec['group']}/{version['name']}", spec["names"]["kind"]), _with_metadata(schema)


def _with_metadata(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**schema, "properties": {**schema["properties"], "metadata": {"type": "object"}}}


def strict(schema: Any) -> Any:
    """Return a structural schema as a JSON schema that refuses what an API server drops, and what is deprecated."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items() if not _is_deprecated(value)}
    if made.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if made.pop("nullable", False) and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    closed = made.get("type") == "object" and "properties" in made and not any(made.get(each) for each in _OPEN)
    return {"additionalProperties": False, **made} if closed else made


def _is_deprecated(schema: Any) -> bool:
    return isinstance(schema, dict) and _DEPRECATED in str(schema.get("description"))
