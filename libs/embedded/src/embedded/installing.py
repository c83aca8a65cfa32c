"""Installing RabbitMQ from the distribution, when we may, without a service being left behind."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from embedded.errors import NotInstalled

_APT = ("apt-get", "install", "-y", "--no-install-recommends", "rabbitmq-server")
_POLICY = Path("/usr/sbin/policy-rc.d")
_START_NOTHING = "#!/bin/sh\nexit 101\n"  # Debian's answer for "this action is not allowed"

Run = Callable[[Sequence[str]], int]


def install_hint() -> str:
    """The one command that installs RabbitMQ on Debian and Ubuntu."""
    return f"sudo {' '.join(_APT)}"


def install_if_root(*, run: Run | None = None, policy: Path = _POLICY) -> None:
    """Install RabbitMQ, and say so on stderr. Its system service is not started.

    Args:
        run: executes a command and gives its exit code.
        policy: the file by which Debian asks whether a freshly installed service may start; left alone if it is there.

    Raises:
        NotInstalled: we are not root, there is no apt-get, or it failed; the text holds the command.
    """
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NotInstalled(f"RabbitMQ is missing; install it with: {install_hint()}")
    _say(f"RabbitMQ is missing; running: {' '.join(_APT)}")
    run = run or _run
    with _services_stay_off(policy):
        if run(_APT) != 0 and (run(("apt-get", "update")) != 0 or run(_APT) != 0):
            raise NotInstalled(f"RabbitMQ could not be installed; try: {install_hint()}")


@contextmanager
def _services_stay_off(policy: Path) -> Iterator[None]:
    if policy.exists():
        _say(f"{policy} exists and decides whether the service starts")
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
    done = subprocess.run(  # noqa: S603  # fixed words, no shell
        command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.__stderr__, check=False
    )
    return done.returncode


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
