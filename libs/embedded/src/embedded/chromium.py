"""Finding Chromium for pages that a program drives, and installing the distribution's package if permitted."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from embedded.errors import NotInstalled
from embedded.installing import Package, install_hint, install_if_root

CHROMIUM = Package("chromium", "Chromium")

_VARIABLE = "CHROMIUM_PATH"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the browser that CHROMIUM_PATH names, or else the first on the PATH.

    Raises:
        NotInstalled: there is none; the text contains the command that installs it.
    """
    named = environ.get(_VARIABLE)
    found = [shutil.which(named)] if named else [shutil.which(name, path=environ.get("PATH")) for name in _NAMES]
    program = next(filter(None, found), None)
    if program is not None:
        return Path(program)
    if named:
        raise NotInstalled(f"{_VARIABLE} names a browser that cannot be run: {named}")
    raise NotInstalled(f"{CHROMIUM.title} is missing; install it with: {install_hint(CHROMIUM)}")


def find_or_install_chromium() -> Path:
    """Return the browser; install it first if it is missing and this process may.

    Raises:
        NotInstalled: the text contains the command that installs it.
    """
    try:
        return find_chromium()
    except NotInstalled:
        if os.environ.get(_VARIABLE):
            raise
        install_if_root(CHROMIUM)
    return find_chromium()
