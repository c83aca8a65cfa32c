"""The files of the check-in app. All of a release have one address, so that they import each other by name."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from web.static_files import FOLDER, StaticFile, load
from web.texts import catalogs

PATH: Final = "/checkin"

_TEMPLATE: Final = Path(__file__).parents[1] / "templates" / "checkin" / "app.html"
_THIRD_PARTY: Final = {
    "idb.js": "idb.index.js",
    "zxing.js": "zxing-wasm.index.js",
    "zxing_reader.wasm": "zxing-wasm.zxing_reader.wasm",
}
_HASH_DIGITS = 12


@dataclass(frozen=True)
class AppRelease:
    """What a device installs.

    Attributes:
        version: changes with the files, the page and its words.
        files: by name, with their addresses.
    """

    version: str
    files: Mapping[str, StaticFile]

    def address(self, name: str) -> str:
        """Return the address of a file."""
        return self.files[name].address


def app_release(static_files: Mapping[str, StaticFile]) -> AppRelease:
    """Return the release that this process serves.

    Args:
        static_files: by name, with those of other packages and the site's stylesheet.
    """
    found = {**load(FOLDER / "checkin"), **{name: static_files[of] for name, of in _THIRD_PARTY.items()}}
    sources = [each.content for _, each in sorted(found.items())]
    sources += [each.read_bytes() for each in (_TEMPLATE, *catalogs())]
    sources.append(static_files["look.css"].content)
    version = hashlib.sha256(b"".join(sources)).hexdigest()[:_HASH_DIGITS]
    folder = f"{PATH}/app/{version}"
    return AppRelease(version, {name: replace(each, address=f"{folder}/{name}") for name, each in found.items()})
