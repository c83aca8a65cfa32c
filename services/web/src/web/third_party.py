"""Third-party code that browsers are served: from npm by lock, and in no case from this repository."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from web.static_files import StaticFile, read

LISTED: Final = tuple(Path(__file__).with_name("third_party.txt").read_text().split())
"""Every file that an image takes of the packages; beside licences and descriptions, what is served."""

_IN_IMAGE = Path(__file__).parent / "from_npm"
_IN_CHECKOUT = Path(__file__).parents[2] / "node_modules"
_DESCRIPTION, _LICENCE = "package.json", "LICENSE"


class PackagesMissing(RuntimeError):
    """Third-party code for browsers is not installed: run `make setup`."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


@dataclass(frozen=True)
class Package:
    """A package of which files are served, as it describes itself. `licence` is an SPDX expression."""

    name: str
    version: str
    licence: str
    licence_text: str


@cache
def load() -> Mapping[str, StaticFile]:
    """Return the served files by package and file name, such as `htmx.org.htmx.min.js`.

    Raises:
        PackagesMissing.
    """
    served = [Path(each) for each in LISTED if not each.endswith((_DESCRIPTION, _LICENCE))]
    return {name: read(_folder() / path, name) for path in served for name in [f"{path.parts[0]}.{path.name}"]}


@cache
def packages() -> Sequence[Package]:
    """Return the packages by name.

    Raises:
        PackagesMissing.
    """
    return [_package(_folder() / each) for each in sorted({Path(each).parts[0] for each in LISTED})]


def _package(folder: Path) -> Package:
    described = json.loads((folder / _DESCRIPTION).read_text())
    text = (folder / _LICENCE).read_text()
    return Package(described["name"], described["version"], described["license"], text)


def _folder() -> Path:
    for folder in (_IN_IMAGE, _IN_CHECKOUT):
        if all((folder / each).is_file() for each in LISTED):
            return folder
    raise PackagesMissing
