"""A process starts with settings that are whole and right, or says at once what is not."""

import pytest
from chassis.secrets import new_key
from chassis.settings import MissingSettings, ServiceSettings, load, site_address

NEEDED = ("DATABASE_URL", "BROKER_URL", "SECRET_KEYS", "STAFF_JWKS_URL")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A whole environment, of which nothing is set yet."""
    for name in ServiceSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return {
        "DATABASE_URL": "postgresql://payment:hunter2@db/payment",
        "BROKER_URL": "amqp://payment:hunter3@mq/",
        "SECRET_KEYS": f"{new_key()}, {new_key()}",
        "STAFF_JWKS_URL": "http://identity/jwks.json",
    }


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_an_empty_environment_stops_the_start_and_names_everything_at_once() -> None:
    with pytest.raises(MissingSettings) as stopped:
        load(ServiceSettings)

    assert all(f"{name}: Field required" in str(stopped.value) for name in NEEDED)
    assert stopped.value.code != 0


def test_a_whole_environment_is_enough(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    set_all(monkeypatch, environment)

    settings = load(ServiceSettings)

    assert settings.database_url == "postgresql+asyncpg://payment:hunter2@db/payment"
    assert settings.secret_box().open(settings.secret_box().seal("x")) == "x"
    assert (settings.broker_prefix, settings.broker_declare) == ("", True)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_database_addresses_may_be_written_in_the_usual_ways(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], scheme: str
) -> None:
    set_all(monkeypatch, {**environment, "DATABASE_URL": f"{scheme}://db/x"})

    assert load(ServiceSettings).database_url == "postgresql+asyncpg://db/x"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POOL_SIZE", "hunter4"),
        ("POOL_SIZE", "0"),
        ("RELAY_LEASE_SECONDS", "-1"),
        ("BROKER_DECLARE", "hunter4"),
        ("SECRET_KEYS", "hunter4"),
        ("SECRET_KEYS", ""),
        ("SECRET_KEYS", " , "),
        ("SECRET_KEYS", f"{'A' * 43}=,hunter4"),
        ("LOG_LEVEL", "hunter4"),
        ("SENT_EVENTS_DAYS", "0"),
        ("SENT_EVENTS_DAYS", "16"),  # a repeated event could take effect twice
    ],
)
def test_a_wrong_setting_is_named_but_never_quoted(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str, value: str
) -> None:
    set_all(monkeypatch, {**environment, name: value})

    with pytest.raises(MissingSettings) as stopped:
        load(ServiceSettings)

    assert f"  {name}: " in str(stopped.value)
    assert "hunter" not in str(stopped.value)
    assert all(f"  {other}: " not in str(stopped.value) for other in NEEDED if other != name)


def test_settings_cannot_be_changed_and_do_not_show_their_secrets(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    set_all(monkeypatch, {**environment, "LOG_LEVEL": "debug"})
    settings = load(ServiceSettings)

    with pytest.raises(ValueError, match="frozen"):
        setattr(settings, "pool_size", 3)  # noqa: B010  # a plain assignment is what mypy refuses already
    assert settings.log_level == "DEBUG"
    assert environment["SECRET_KEYS"] not in repr(settings)
    assert "hunter" not in repr(settings)


class RenamedSettings(ServiceSettings):
    """Settings of which one had another name in the release before."""

    RENAMED = {"relay_crew": "relay_workers"}  # noqa: RUF012  # a ClassVar in the base


def test_an_old_name_of_a_setting_works_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    set_all(monkeypatch, {**environment, "RELAY_CREW": "7"})

    with pytest.warns(FutureWarning, match="RELAY_CREW is called RELAY_WORKERS now"):
        settings = load(RenamedSettings)

    assert settings.relay_workers == 7


def test_the_new_name_of_a_setting_wins_without_a_warning(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    set_all(monkeypatch, {**environment, "RELAY_CREW": "7", "RELAY_WORKERS": "3"})

    assert load(RenamedSettings).relay_workers == 3


def test_a_wrong_value_under_an_old_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    set_all(monkeypatch, {**environment, "RELAY_CREW": "none"})

    with pytest.warns(FutureWarning), pytest.raises(MissingSettings, match="RELAY_WORKERS"):
        load(RenamedSettings)


@pytest.mark.parametrize("url", ["https://lari.example", "https://lari.example/", "http://127.0.0.1:8080"])
def test_the_address_of_a_site_is_kept_without_a_slash(url: str) -> None:
    assert site_address(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    ["", "lari.example", "ftp://lari.example", "https://", "https://lari.example/app", "https://lari.example?a=b"],
)
def test_what_links_cannot_start_with_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"https://race\.example"):
        site_address(url)
