"""What Kustomize makes of the overlays, kept in `rendered/`, so that a change of a manifest shows what it comes to.

`python -m tests.deploy.kubernetes.rendered` writes it. `operators.yaml` has all objects, the others those that differ.
The endings of ConfigMaps' names and the contents of the gateway's files are left out: they change with files that are
reviewed where they are.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml  # type: ignore[import-untyped]

from .manifests import KUBERNETES, OVERLAYS, Manifest, named, parsed, render

FOLDER: Final = Path(__file__).parent / "rendered"

_HASHED: Final = re.compile(r"\b((?:name: )[a-z-]+)-[a-z0-9]{10}$", re.MULTILINE)
_FILES: Final = "gateway-files"


def documents(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Return the contents of the files in `FOLDER` by overlay.

    Args:
        texts: the overlays as rendered.
    """
    first, *others = OVERLAYS
    objects = {overlay: _objects(texts[overlay]) for overlay in OVERLAYS}
    known = [named(each) for each in objects[first]]
    found = {first: _written(objects[first])}
    for overlay in others:
        missing = set(known) - {named(each) for each in objects[overlay]}
        differing = [each for each in objects[overlay] if each not in objects[first]]
        found[overlay] = _written(differing) + "".join(f"# without {name}\n" for name in sorted(missing))
    return found


def _objects(text: str) -> Sequence[Manifest]:
    return [_without_contents(each) for each in parsed(_HASHED.sub(r"\1", text))]


def _without_contents(manifest: Manifest) -> Manifest:
    if manifest["kind"] == "ConfigMap" and manifest["metadata"]["name"] == _FILES:
        return {**manifest, "data": dict.fromkeys(manifest["data"], "…")}
    return manifest


def _written(manifests: Sequence[Manifest]) -> str:
    text: str = yaml.safe_dump_all(manifests, allow_unicode=True, width=1000, default_flow_style=None)
    return text


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    texts = {overlay: render(KUBERNETES / "overlays" / overlay) for overlay in OVERLAYS}
    for overlay, text in documents(texts).items():
        (FOLDER / f"{overlay}.yaml").write_text(text)


if __name__ == "__main__":
    main()
