"""The overlays, rendered once, and the Secrets that an operator makes for them."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from embedded.errors import NotInstalled

from .manifests import KUBERNETES, OVERLAYS, Manifest, parsed, render
from .references import Secrets

BY_HAND = {
    "startline-tls": frozenset({"tls.crt", "tls.key"}),
    "postgres-superuser": frozenset({"username", "password"}),
    "postgres-backup": frozenset({"access_key_id", "secret_access_key"}),
    "rabbitmq-admin": frozenset({"default_user.conf"}),
}


@contextmanager
def tools() -> Iterator[None]:
    """Report a test as not run where the tools are missing; with CI set, as failed."""
    try:
        yield
    except NotInstalled as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))


@cache
def rendered(folder: str) -> str:
    """Return what Kustomize makes of a folder of deploy/kubernetes."""
    with tools():
        return render(KUBERNETES / folder)


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> Sequence[Manifest]:
    """The objects of one overlay after the other, new for each test."""
    return parsed(rendered(f"overlays/{request.param}"))


@pytest.fixture
def operators() -> Sequence[Manifest]:
    """The objects of the overlay that brings its own servers."""
    return parsed(rendered("overlays/operators"))


@pytest.fixture
def base() -> Sequence[Manifest]:
    """The objects of the base, with its defaults."""
    return parsed(rendered("base"))


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Secrets:
    """The Secrets of docs/kubernetes.md: `startline` has the files of deploy/make-env and the password of KEDA."""
    folder = tmp_path_factory.mktemp("made")
    command = [str(KUBERNETES.parent / "make-env"), str(folder / ".env")]
    subprocess.run(command, capture_output=True, check=True)
    files = frozenset(file.name for file in Path(folder / "secrets").iterdir()) - {"rabbitmq.conf"}
    return {"startline": files | {"keda_password"}, **BY_HAND}
