"""The distribution's nginx with the gateway's own configuration, moved to folders and ports of a test."""

import asyncio
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from embedded.errors import NotInstalled
from embedded.installing import Package, install_if_root
from embedded.ports import free_ports
from testkit.polling import eventually

GATEWAY = Path(__file__).parents[2] / "deploy" / "gateway"

_WORKERS = int((GATEWAY / "nginx.conf").read_text().partition("worker_processes ")[2].partition(";")[0])
_NGINX = Package("nginx-light", "nginx")
_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
_OWN_HTTP2_DIRECTIVE = (1, 25, 1)
"""The first nginx that knows `http2 on`; before, it is a word of `listen`."""

DEFAULTS: Mapping[str, str] = {
    "PUBLIC_URL": "https://race.example",
    "RATE_REGISTRATION_PER_MINUTE": "120",
    "RATE_UPLOAD_PER_MINUTE": "120",
    "RATE_SENDING_PER_MINUTE": "3000",
    "RATE_PAGES_PER_MINUTE": "3000",
    # The tests' front proxy is whoever connects from this address.
    "FRONT_PROXY": "127.0.0.9/32",
}


def nginx() -> str:
    """The program, installed when it is missing and we may.

    Raises:
        NotInstalled: the text holds the command that installs it.
    """
    found = shutil.which("nginx", path=_PATH)
    if found is None:
        install_if_root(_NGINX)
        found = shutil.which("nginx", path=_PATH)
    if found is None:
        raise NotInstalled("nginx is missing")
    return found


class Gateway:
    """One nginx, stopped and forgotten afterwards.

    Args:
        folder: for configuration, bodies, cache and logs.
        upstream: host and port of a platform that serves all services at once.
        https: serve as with `GATEWAY_MODE=https`, with a certificate made for the test.
        settings: environment variables that differ from the defaults.
        changes: text of the configuration that is replaced, for limits a test can reach.
    """

    def __init__(
        self,
        folder: Path,
        upstream: str,
        *,
        https: bool = False,
        settings: Mapping[str, str] | None = None,
        changes: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.port, self.tls_port = free_ports(2)
        self._upstream = upstream
        self._https = https
        self._settings = {**DEFAULTS, **(settings or {})}
        self._changes = dict(changes or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens without TLS."""
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> Sequence[Mapping[str, Any]]:
        """The access log so far."""
        return [json.loads(line) for line in self._access_log.read_text().splitlines()]

    def errors(self) -> str:
        """The error log so far."""
        return self._error_log.read_text()

    @property
    def workers(self) -> Sequence[int]:
        """The process ids of the workers; the processes that manage the caches start a moment after them."""
        children = Path(f"/proc/{self._started.pid}/task/{self._started.pid}/children").read_text()
        return [int(pid) for pid in children.split() if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    async def __aenter__(self) -> Self:
        self._write()
        self._launch()
        await eventually(self._answers, within=15)
        return self

    def _launch(self) -> None:
        command = [nginx(), "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-g", "daemon off;"]
        with (self.folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)

    async def __aexit__(self, *_: object) -> None:
        self._started.terminate()
        await asyncio.to_thread(self._started.wait, 10)

    async def _answers(self) -> bool:
        if self._started.poll() is not None:
            raise RuntimeError((self.folder / "output.log").read_text())
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return len(self.workers) == _WORKERS  # the port is open before they are there

    @property
    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("it was not started")
        return self._process

    @property
    def _access_log(self) -> Path:
        return self.folder / "access.log"

    @property
    def _error_log(self) -> Path:
        return self.folder / "error.log"

    def _write(self) -> None:
        for name in ("startline", "conf.d", "cache/nginx/cache", "certificates", "tmp"):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        for file in GATEWAY.glob("*.conf"):
            (self.folder / "startline" / file.name).write_text(self._moved(file.read_text()))
        shutil.copy(GATEWAY / "error-pages.css", self.folder / "startline")
        shutil.move(self.folder / "startline" / "nginx.conf", self.folder / "nginx.conf")
        mode = "https.conf" if self._https else "http.conf"
        shutil.copy(self.folder / "startline" / mode, self.folder / "server.conf")
        (self.folder / "conf.d" / "clients.conf").write_text(self._moved(self._filled_in()))
        if self._https:
            self._certify()
        for folder in (self.folder, *self.folder.rglob("*")):
            if folder.is_dir():
                folder.chmod(0o777)  # workers run as another user when we are root

    def _filled_in(self) -> str:
        """The template as the image's entrypoint fills it in, after it read the script beside it."""
        names = ("TRUST_FRONT_PROXIES", "SERVICE_DOMAIN", "NAME_SERVERS")
        script = f". {GATEWAY}/trusted-proxies.envsh; printf '%s\\n' " + " ".join(f'"${each}"' for each in names)
        made = subprocess.run(
            ["sh", "-c", script], env={**os.environ, **self._settings}, capture_output=True, text=True, check=True
        ).stdout
        text = (GATEWAY / "clients.conf.template").read_text()
        for name, value in {**self._settings, **dict(zip(names, made.splitlines(), strict=True))}.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def _moved(self, text: str) -> str:
        for old, new in self._changes.items():
            text = text.replace(old, new)
        moves = {
            "/etc/nginx": str(self.folder),
            "/var/cache/nginx": str(self.folder / "cache/nginx"),
            "/dev/stdout": str(self._access_log),
            "/dev/stderr": str(self._error_log),
            "/tmp/": f"{self.folder}/tmp/",
            "listen 8080": f"listen 127.0.0.1:{self.port}",
            "listen 8443": f"listen 127.0.0.1:{self.tls_port}",
        }
        if _version() < _OWN_HTTP2_DIRECTIVE:
            moves |= {"ssl default_server": "ssl http2 default_server", "http2 on;": ""}
        found = re.compile("|".join(map(re.escape, moves)))
        return re.sub(r"\b(?:\w+-api|web):8000\b", self._upstream, found.sub(lambda old: moves[old[0]], text))

    def _certify(self) -> None:
        names = self.folder / "certificates"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
                *("-days", "2", "-subj", "/CN=race.example"),
                *("-keyout", str(names / "privkey.pem"), "-out", str(names / "fullchain.pem")),
            ],
            capture_output=True,
            check=True,
        )


def _version() -> tuple[int, ...]:
    said = subprocess.run([nginx(), "-v"], capture_output=True, text=True, check=True).stderr
    numbers = re.findall(r"nginx/(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, numbers[0]))


def new_folder(base: Path) -> Path:
    """A folder that nginx's workers may enter, whoever runs the tests."""
    folder = base / f"gateway-{secrets.token_hex(4)}"
    folder.mkdir()
    for parent in (folder, *folder.parents):
        if parent.owner() == folder.owner() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return folder
