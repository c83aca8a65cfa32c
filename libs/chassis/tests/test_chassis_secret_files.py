"""A container's secrets are files: passwords find their URLs, and what is in the environment goes first."""

from pathlib import Path

import pytest
from chassis import settings
from chassis.secrets import new_key
from chassis.settings import ServiceSettings, load, with_passwords

PLAIN = {
    "DATABASE_URL": "postgresql://startline_payment@postgres/startline_payment",
    "BROKER_URL": "amqp://payment@rabbitmq/startline",
    "STAFF_JWKS_URL": "http://identity",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "SECRETS", tmp_path)
    for name, value in PLAIN.items():
        monkeypatch.setenv(name, value)
    for name in ("SECRET_KEYS", "SERVICE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "secret_keys").write_text(f"{new_key()}\n")
    return tmp_path


def test_a_password_from_a_file_opens_database_and_broker(folder: Path) -> None:
    (folder / "service_password").write_text("it's: a/secret@home\n")

    found = load(ServiceSettings)

    assert found.database_url == (
        "postgresql+asyncpg://startline_payment:it%27s%3A%20a%2Fsecret%40home@postgres/startline_payment"
    )
    assert found.broker_url == "amqp://payment:it%27s%3A%20a%2Fsecret%40home@rabbitmq/startline"
    assert "secret" not in repr(found).replace("secret_keys=SecretStr('**********')", "")


def test_the_environment_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "service_password").write_text("from-the-file")
    monkeypatch.setenv("SERVICE_PASSWORD", "from-the-environment")

    assert ":from-the-environment@" in load(ServiceSettings).broker_url


def test_a_url_that_holds_a_password_keeps_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "service_password").write_text("another")
    monkeypatch.setenv("BROKER_URL", "amqp://payment:own@rabbitmq/startline")

    assert load(ServiceSettings).broker_url == "amqp://payment:own@rabbitmq/startline"


def test_without_secret_files_everything_is_in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SECRETS", folder / "nowhere")
    monkeypatch.setenv("SECRET_KEYS", new_key())

    assert load(ServiceSettings).broker_url == PLAIN["BROKER_URL"]


def test_a_url_without_a_user_gets_no_password() -> None:
    values = {"broker_url": "amqp://rabbitmq/", "password": "x"}

    assert with_passwords(values, broker_url="password") == values
