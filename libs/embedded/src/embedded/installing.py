"""Installing a server from the distribution's packages, if permitted, without starting its system service."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import NotInstalled

_APT = ("apt-get", "install", "-y", "--no-install-recommends")
_WAIT_FOR_OTHERS = ("-o", "DPkg::Lock::Timeout=300")
_POLICY = Path("/usr/sbin/policy-rc.d")
_START_NOTHING = "#!/bin/sh\nexit 101\n"  # Debian's code for "this action is not allowed"

Run = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class Package:
    """A package of Debian and Ubuntu, and the usual name of its program."""

    name: str
    title: str


RABBITMQ = Package("rabbitmq-server", "RabbitMQ")


def install_hint(package: Package = RABBITMQ) -> str:
    """Return the command that installs it on Debian and Ubuntu."""
    return f"sudo {' '.join(_APT)} {package.name}"


def install_if_root(package: Package = RABBITMQ, *, run: Run | None = None, policy: Path = _POLICY) -> None:
    """Install a package and report it on stderr. Its system service is not started.

    Args:
        run: executes a command and returns its exit code.
        policy: the file with which Debian decides whether an installed service may start; left unchanged if it exists.

    Raises:
        NotInstalled: this process is not root, there is no apt-get, or it failed; the text contains the command.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NotInstalled(f"{package.title} is missing; install it with: {install_hint(package)}")
    command = (*_APT, *_WAIT_FOR_OTHERS, package.name)
    _print_line(f"{package.title} is missing; running: {' '.join(command)}")
    run = run or _run
    with _services_stay_off(policy):
        if run(command) != 0 and (run(("apt-get", "update", *_WAIT_FOR_OTHERS)) != 0 or run(command) != 0):
            raise NotInstalled(f"{package.title} could not be installed; try: {install_hint(package)}")


@contextmanager
def _services_stay_off(policy: Path) -> Iterator[None]:
    if policy.exists():
        _print_line(f"{policy} exists and decides whether the service starts")
        yield
        return
    policy.write_text(_START_NOTHING)
    try:
        policy.chmod(0o755)
        yield
    finally:
        policy.unlink()


def _run(command: Sequence[str]) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(  # noqa: S603  # fixed arguments, no shell
        command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.__stderr__, check=False
    )
    return done.returncode


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
