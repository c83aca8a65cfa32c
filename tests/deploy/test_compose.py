"""The compose file, the command that makes its secrets, and the images agree."""

import re
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from chassis.secrets import SecretBox
from chassis.service import Service
from chassis.transports import rabbitmq
from chassis.web.server import KEEP_ALIVE_SECONDS, BoundedHttp
from chassis.web.stopping import StoppingLoop
from notification.queue import sender
from notification.settings import Settings
from standalone.services import SERVICES
from uvicorn.importer import import_from_string
from uvicorn.main import main as uvicorn_command
from web.service import create_app as create_pages

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()

_NAMES = [service.name for service in SERVICES]
SENDING_OUT = ("registration", "payment", "notification")
_URLS_OF_APIS = frozenset(f"{name.upper()}_URL" for name in _NAMES)
_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEYS")


def _make_env(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "deploy" / "make-env"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    made = _make_env(str(tmp_path / ".env"))
    assert made.returncode == 0, made.stderr
    return tmp_path / ".env"


def _values(file: Path) -> Mapping[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", file.read_text(), re.MULTILINE))


def _secrets(env_file: Path) -> Mapping[str, str]:
    return {file.name: file.read_text() for file in (env_file.parent / "secrets").iterdir()}


def test_every_setting_that_must_be_there_is_made(env_file: Path) -> None:
    needed = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
    assert needed
    assert {name for name in needed if not _values(env_file).get(name)} == set()
    assert set(re.findall(r"\$\{\w+:\?([^}]+)\}", COMPOSE)) == {"run deploy/make-env first"}
    assert _values(env_file)["SECRETS"] == str(env_file.parent / "secrets")


def test_every_secret_that_a_container_reads_is_made(env_file: Path) -> None:
    declared = yaml.safe_load(COMPOSE)["secrets"]
    assert {each["file"] for each in declared.values()} == {f"${{SECRETS:-./secrets}}/{name}" for name in declared}
    assert _secrets(env_file).keys() - {"rabbitmq.conf"} == declared.keys()
    used = {_source(each) for container in _containers().values() for each in container.get("secrets", ())}
    assert used == declared.keys()


def _source(secret: Any) -> str:
    return str(secret["source"] if isinstance(secret, dict) else secret)


def test_neither_the_environment_nor_the_engine_shows_a_secret() -> None:
    for name, container in _containers().items():
        for variable, value in (container.get("environment") or {}).items():
            plain = variable.endswith("_FILE") or not _SECRET.search(variable)
            assert plain, f"{name}: {variable}"
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), f"{name}: {variable}"
            assert not [each for each in re.findall(r"\$\{(\w+)", str(value)) if _SECRET.search(each)], name
    assert not [each for each in re.findall(r"\$\{(\w+)", COMPOSE) if _SECRET.search(each) and each != "SECRETS"]


@pytest.mark.parametrize("service", _NAMES)
def test_a_service_reads_its_own_secrets_only(service: str) -> None:
    others = {*_NAMES} - {service}
    for half in ("api", "worker"):
        read = {_source(each) for each in _containers()[f"{service}-{half}"]["secrets"]}
        assert f"{service}_owner_password" not in read, "what runs does not own its tables"
        assert not [each for each in read if each.split("_")[0] in {*others, "postgres", "rabbitmq", "doctor"}]
    assert {_source(each) for each in _containers()[f"{service}-migrate"]["secrets"]} == {f"{service}_owner_password"}


def test_secrets_are_long_different_and_new_each_time(env_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / ".env"
    other.parent.mkdir()
    assert _make_env(str(other)).returncode == 0
    made = [value for file in (env_file, other) for name, value in _secrets(file).items() if name != "rabbitmq.conf"]
    secrets = [value for value in made if value]
    assert len(secrets) == len(set(secrets)) == 48
    assert min(map(len, secrets)) >= 44
    for name, key in _secrets(env_file).items():
        if name.endswith("_secret_keys"):
            assert SecretBox([key]).seal("works")
    assert f"default_pass = {_secrets(env_file)['rabbitmq_password']}\n" in _secrets(env_file)["rabbitmq.conf"]


def test_secrets_are_for_their_owner_and_never_overwritten(env_file: Path) -> None:
    before = env_file.read_text(), _secrets(env_file)
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert stat.S_IMODE((env_file.parent / "secrets").stat().st_mode) == 0o700, "the files in it are for containers"
    again = _make_env(str(env_file))
    assert again.returncode == 1
    assert "there already" in again.stderr
    env_file.unlink()
    assert _make_env(str(env_file)).returncode == 1, "secrets without settings are secrets"
    assert before[1] == _secrets(env_file)


def test_an_upgrade_adds_what_is_missing_and_moves_what_older_releases_kept_in_the_file(env_file: Path) -> None:
    kept = "PUBLIC_URL=https://race.example\nPOSTGRES_PASSWORD=root\nPAYMENT_PASSWORD=as-it-was\n"
    kept += "FONNTE_TOKEN=token=1\n# mine\nSMTP_PASSWORD=\n"
    shutil.rmtree(env_file.parent / "secrets")
    env_file.write_text(kept)

    added = _make_env("--add", str(env_file))
    again = _make_env("--add", str(env_file))

    assert (added.returncode, again.returncode, again.stdout) == (0, 0, ""), added.stderr
    assert env_file.read_text().startswith("PUBLIC_URL=https://race.example\n# mine\n")
    assert not [name for name in _values(env_file) if _SECRET.search(name) and name != "SECRETS"]
    assert _values(env_file)["BROKER_UNSIGNED"] == "true", "its processes put no sender into events"
    assert _secrets(env_file)["payment_password"] == "as-it-was"
    assert _secrets(env_file)["fonnte_token"] == "token=1"
    assert _secrets(env_file)["smtp_password"] == ""
    assert len(_secrets(env_file)["payment_owner_password"]) == 48
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


def test_old_values_are_taken_as_compose_reads_them(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "POSTGRES_PASSWORD=\"abc def\" # quoted\nSMTP_PASSWORD='p#w'\nFONNTE_TOKEN=to#k  # my device\r\n"
        "export DOCTOR_PASSWORD=doc\n RABBITMQ_PASSWORD = rab\nPAYMENT_PASSWORD=a\\nb`d\r\nIDENTITY_SECRET_KEYS=old="
    )

    assert _make_env("--add", str(file)).returncode == 0

    found = _secrets(file)
    assert [found[f"{name}_password"] for name in ("postgres", "smtp", "doctor", "rabbitmq", "payment")] == [
        "abc def",
        "p#w",
        "doc",
        "rab",
        "a\\nb`d",
    ]
    assert (found["fonnte_token"], found["identity_secret_keys"]) == ("to#k", "old=")
    assert "default_pass = rab\n" in found["rabbitmq.conf"]
    assert _values(file)["BROKER_UNSIGNED"] == "true"
    assert not re.search(r"PASSWORD|TOKEN|_KEYS", file.read_text())


def test_a_run_that_was_killed_is_completed(env_file: Path) -> None:
    before = _secrets(env_file)
    env_file.unlink()
    (env_file.parent / "secrets" / "rabbitmq.conf").unlink()
    (env_file.parent / "secrets" / "rabbitmq.conf").touch()

    assert _make_env("--add", str(env_file)).returncode == 0

    assert _secrets(env_file) == before
    assert _values(env_file)["PUBLIC_URL"]


def test_secrets_elsewhere_are_completed_there_and_closed(tmp_path: Path) -> None:
    vault, file = tmp_path / "vault", tmp_path / ".env"
    vault.mkdir(mode=0o755)
    (tmp_path / "real").write_text(f"SECRETS={vault}\nFONNTE_TOKEN=tok\n")
    file.symlink_to("real")

    assert _make_env("--add", str(file)).returncode == 0

    assert (vault / "fonnte_token").read_text() == "tok"
    assert stat.S_IMODE(vault.stat().st_mode) == 0o700
    assert not (tmp_path / "secrets").exists()
    assert file.is_symlink()
    assert "FONNTE_TOKEN" not in (tmp_path / "real").read_text()


def test_a_file_of_secrets_only_and_two_at_once_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FONNTE_TOKEN=tok")
    command = [str(ROOT / "deploy" / "make-env"), "--add", str(tmp_path / ".env")]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]

    said = [each.communicate()[1] for each in both]

    assert ([each.returncode for each in both], said) == ([0, 0], [b"", b""])
    assert _secrets(tmp_path / ".env")["fonnte_token"] == "tok"
    assert _values(tmp_path / ".env")["SECRETS"] == str(tmp_path / "secrets")


@pytest.mark.parametrize("argument", ["--help", "nowhere/.env"])
def test_what_it_cannot_take_is_named_in_one_line(argument: str) -> None:
    done = _make_env(argument)
    assert (done.returncode, done.stderr.count("\n"), done.stderr[:10]) == (1, 1, "make-env: ")


def test_a_stop_waits_until_the_slowest_send_is_over_and_noted() -> None:
    """Killed before, it would leave a message of which nobody knows whether it has left."""
    worker = COMPOSE[COMPOSE.index("\n  notification-worker:") :]
    grace = int(re.findall(r"stop_grace_period: (\d+)s", worker)[0])
    unset = Settings.model_construct()
    to_note = sum(sender._RECORD_RETRY_SECONDS)
    assert 2 * rabbitmq._STOP_SECONDS + unset.send_guard_seconds + to_note < grace


def test_the_services_are_served_as_the_images_say(monkeypatch: pytest.MonkeyPatch) -> None:
    options = re.findall(r"(UVICORN_\w+)=(\S+)", (ROOT / "deploy" / "Dockerfile").read_text())
    for name, value in options:
        monkeypatch.setenv(name, value.replace("/etc/startline", str(ROOT / "deploy")))
    served = uvicorn_command.make_context("uvicorn", ["registration.service:SERVICE.create_app"]).params
    assert served["factory"] is True
    assert served["proxy_headers"] is False, "who the client is, the services decide by TRUSTED_PROXIES"
    assert served["timeout_keep_alive"] == KEEP_ALIVE_SECONDS
    assert served["server_header"] is False
    assert served["access_log"] is False, "paths and addresses are personal data"
    assert (import_from_string(served["http"]), served["ws"]) == (BoundedHttp, "none"), "headers have a limit"
    assert import_from_string(served["loop"]) is StoppingLoop, "who has connected is answered when it stops"
    assert (served["host"], served["port"]) == ("0.0.0.0", 8000)


@pytest.mark.parametrize("service", SERVICES, ids=_NAMES)
def test_the_containers_of_a_service_run_its_definition(service: Service[Any]) -> None:
    api, worker, migrate = (_containers()[f"{service.name}-{part}"] for part in ("api", "worker", "migrate"))
    assert api["command"][0] == "uvicorn"
    assert import_from_string(api["command"][1]) == service.create_app
    assert worker["command"] == ["python", "-m", "chassis.worker", service.name]
    assert migrate["command"] == ["python", "-m", "chassis.migrations", service.name]
    for each in (api, worker):
        assert list(each["depends_on"]) == [f"{service.name}-migrate"]


def test_web_is_served_like_an_api_and_reaches_its_own_database_only() -> None:
    web, api, migrate = (_containers()[name] for name in ("web", "checkin-api", "web-migrate"))
    assert migrate["command"] == ["python", "-m", "chassis.migrations", "web"]
    assert web["command"] == ["uvicorn", "web.service:create_app"]
    assert import_from_string(web["command"][1]) is create_pages
    for alike in ("healthcheck", "read_only", "restart", "stop_grace_period", "ulimits", "mem_limit"):
        assert web[alike] == api[alike], alike
    assert web["networks"] == api["networks"] == ["edge", "back"], "nothing that is outside"
    assert {_source(each) for each in web["secrets"]} == {"web_password", "web_secret_keys"}
    assert {_source(each) for each in migrate["secrets"]} == {"web_owner_password"}
    assert list(web["depends_on"]) == ["web-migrate"]
    assert not {"volumes", "ports"} & web.keys()
    assert web["environment"].keys() == {
        "DATABASE_URL",
        *_URLS_OF_APIS,
        "PUBLIC_URL",
        "TURNSTILE_SITE_KEY",
        "TRUSTED_PROXIES",
        "LOG_LEVEL",
    }
    assert _containers()["gateway"]["depends_on"]["web"] == {"condition": "service_healthy"}


def test_web_reaches_the_apis_and_is_reached_by_the_gateway_and_the_doctor() -> None:
    web = _containers()["web"]["environment"]
    for url in (web[name] for name in _URLS_OF_APIS):
        process = url.removeprefix("http://").removesuffix(":8000")
        assert "edge" in _containers()[process]["networks"]
    for name in ("doctor", "operator", "journey"):
        assert "edge" in _containers()[name]["networks"], name
        assert _containers()[name]["environment"]["PAGES_URL"] == "http://web:8000"
    assert web["TRUSTED_PROXIES"] == _containers()["registration-api"]["environment"]["TRUSTED_PROXIES"] == "1"


def _containers() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(COMPOSE)["services"]
    return found


@pytest.mark.parametrize("name", _containers())
def test_no_container_may_do_more_than_its_work(name: str) -> None:
    container = _containers()[name]
    assert container["cap_drop"] == ["ALL"]
    assert "cap_add" not in container
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["read_only"] is True
    assert container["pids_limit"] <= 512
    assert container["memswap_limit"] == container["mem_limit"], "no swap beyond it"


@pytest.mark.parametrize("name", _containers())
def test_who_is_waited_for_comes_first_at_the_processors(name: str) -> None:
    """`deploy/roll` gives APIs and workers the same numbers back when they have started."""
    shares = {"-worker": 256, "-migrate": 256, "-api": 1024}
    expected = next((number for end, number in shares.items() if name.endswith(end)), None)
    if name in {"postgres", "rabbitmq", "gateway"}:
        expected = 2048
    assert expected is None or _containers()[name].get("cpu_shares", 1024) == expected


def test_only_those_who_have_to_get_out() -> None:
    networks = yaml.safe_load(COMPOSE)["networks"]
    inside = {name for name, network in networks.items() if (network or {}).get("internal")}
    out = {name for name, each in _containers().items() if "outward" in each["networks"]}
    assert networks.keys() - inside == {"public", "outward"}
    masquerade = "com.docker.network.bridge.enable_ip_masquerade"
    assert networks["public"]["driver_opts"] == {masquerade: "false"}, "what begins there gets no answer"
    demo = {"simulators", "journey"}
    halves = {f"{service}-{half}" for service in SENDING_OUT for half in ("api", "worker")}
    assert out - demo == halves
    assert {name for name in out - demo if "nowhere" in _containers()[name]["networks"]} == out - demo
    assert {name for name, each in _containers().items() if "public" in each["networks"]} == {"gateway", "simulators"}
    assert "back" not in _containers()["gateway"]["networks"]


@pytest.mark.parametrize("name", _containers())
def test_what_a_container_writes_beside_its_volumes_is_bounded_below_its_memory(name: str) -> None:
    container = _containers()[name]
    rooms = [re.search(r"[:,]size=(\d+)m", room) for room in container["tmpfs"]]
    assert None not in rooms, "a tmpfs without a size takes half of the machine's memory"
    memory = int(container["mem_limit"].rstrip("mg")) * (1024 if container["mem_limit"].endswith("g") else 1)
    assert sum(int(room[1]) for room in rooms if room) <= memory / 2
