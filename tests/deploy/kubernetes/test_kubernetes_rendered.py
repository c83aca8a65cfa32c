"""What the overlays come to is what was reviewed."""

from pathlib import Path

import pytest

from .conftest import rendered
from .manifests import KUBERNETES, OVERLAYS
from .rendered import FOLDER, documents


def test_a_change_of_manifests_shows_what_it_comes_to() -> None:
    found = documents({overlay: rendered(f"overlays/{overlay}") for overlay in OVERLAYS})
    kept = {overlay: (FOLDER / f"{overlay}.yaml").read_text() for overlay in OVERLAYS}
    differing = [overlay for overlay in OVERLAYS if found[overlay] != kept[overlay]]
    assert differing == [], "run `python -m tests.deploy.kubernetes.rendered` and review what it changed"


def test_a_changed_file_of_the_gateway_changes_the_real_name_only() -> None:
    texts = {overlay: rendered(f"overlays/{overlay}") for overlay in OVERLAYS}
    changed = {overlay: text.replace("server_tokens off;", "server_tokens on;") for overlay, text in texts.items()}
    assert changed != texts
    assert documents(changed) == documents(texts)


def test_a_changed_setting_is_seen() -> None:
    """The control."""
    texts = {overlay: rendered(f"overlays/{overlay}") for overlay in OVERLAYS}
    changed = {
        overlay: text.replace('BROKER_DECLARE: "false"', 'BROKER_DECLARE: "true"') for overlay, text in texts.items()
    }
    assert documents(changed) != documents(texts)


@pytest.mark.parametrize("folder", sorted(KUBERNETES.glob("components/*")), ids=lambda folder: folder.name)
def test_every_component_is_used(folder: Path) -> None:
    used = [file for file in KUBERNETES.rglob("kustomization.yaml") if f"/{folder.name}" in file.read_text()]
    assert used
