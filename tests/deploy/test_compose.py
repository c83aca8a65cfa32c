"""The compose file, the command that makes its secrets, and the images agree."""

import re
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from chassis.secrets import SecretBox
from chassis.transports import rabbitmq
from chassis.web.server import KEEP_ALIVE_SECONDS, BoundedHttp
from notification.queue import sender
from notification.settings import Settings
from uvicorn.importer import import_from_string
from uvicorn.main import main as uvicorn_command

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()

_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEYS")


def _make_env(file: Path) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "deploy" / "make-env"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    made = _make_env(tmp_path / ".env")
    assert made.returncode == 0, made.stderr
    return tmp_path / ".env"


def _values(file: Path) -> Mapping[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", file.read_text(), re.MULTILINE))


def test_every_setting_that_must_be_there_is_made(env_file: Path) -> None:
    needed = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
    assert needed
    assert {name for name in needed if not _values(env_file).get(name)} == set()
    assert set(re.findall(r"\$\{\w+:\?([^}]+)\}", COMPOSE)) == {"run deploy/make-env first"}


def test_no_secret_has_a_default() -> None:
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE))
    assert {name: default for name, default in defaults.items() if _SECRET.search(name) and default} == {}


def test_secrets_are_long_different_and_new_each_time(env_file: Path, tmp_path: Path) -> None:
    assert _make_env(tmp_path / "other").returncode == 0
    pairs = [_values(file) for file in (env_file, tmp_path / "other")]
    secrets = [value for values in pairs for name, value in values.items() if _SECRET.search(name) and value]
    assert len(secrets) == len(set(secrets))
    assert min(map(len, secrets)) >= 44
    for name, key in pairs[0].items():
        if name.endswith("_SECRET_KEYS"):
            assert SecretBox([key]).seal("works")


def test_secrets_are_for_their_owner_and_never_overwritten(env_file: Path) -> None:
    before = env_file.read_text()
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    again = _make_env(env_file)
    assert again.returncode == 1
    assert "there already" in again.stderr
    assert env_file.read_text() == before


def test_a_stop_waits_until_the_slowest_send_is_over_and_noted() -> None:
    """Killed before, it would leave a message of which nobody knows whether it has left."""
    worker = COMPOSE[COMPOSE.index("\n  notification-worker:") :]
    grace = int(re.findall(r"stop_grace_period: (\d+)s", worker)[0])
    unset = Settings.model_construct()
    to_note = sum(sender._PATIENCE_SECONDS)
    assert 2 * rabbitmq._STOP_SECONDS + unset.send_guard_seconds + to_note < grace


def test_the_services_are_served_as_the_images_say(monkeypatch: pytest.MonkeyPatch) -> None:
    options = re.findall(r"(UVICORN_\w+)=(\S+)", (ROOT / "deploy" / "Dockerfile").read_text())
    for name, value in options:
        monkeypatch.setenv(name, value.replace("/etc/startline", str(ROOT / "deploy")))
    served = uvicorn_command.make_context("uvicorn", ["registration.app:create_app"]).params
    assert served["factory"] is True
    assert served["proxy_headers"] is False, "who the client is, the services decide by TRUSTED_PROXIES"
    assert served["timeout_keep_alive"] == KEEP_ALIVE_SECONDS
    assert served["server_header"] is False
    assert served["access_log"] is False, "paths and addresses are personal data"
    assert (import_from_string(served["http"]), served["ws"]) == (BoundedHttp, "none"), "headers have a limit"
    assert (served["host"], served["port"]) == ("0.0.0.0", 8000)
