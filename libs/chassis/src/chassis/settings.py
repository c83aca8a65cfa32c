"""Settings, read once from the environment or a container's secret files, and frozen. Nothing else reads these."""

import logging
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.secrets import KeyedHash, SecretBox
from chassis.tables import LEASE_SECONDS, LONGEST_SENT_EVENTS_DAYS, SENT_EVENTS_DAYS

SECRETS = Path("/run/secrets")
"""Directory of a container's secrets, each a file named after its setting. The environment takes precedence."""


class MissingSettings(SystemExit):
    """The process cannot start; the message names every setting that is missing or wrong."""


class DatabaseSettings(BaseSettings):
    """Settings of every process with a database of its own. Secrets and addresses have no defaults.

    Attributes:
        RENAMED: old name -> new name of settings. An old name works for one release, with a warning.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {}

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: str = Field(repr=False, description="postgresql+asyncpg://user:password@host:port/database")
    service_password: SecretStr = Field(SecretStr(""), description="password of this service, for URLs without one")
    secret_keys: SecretStr = Field(description="Fernet keys, newest first, separated by commas")
    pool_size: int = Field(8, ge=1, description="pooled database connections")
    pool_overflow: int = Field(8, ge=0, description="further connections under load")
    trusted_proxies: int = Field(
        0,
        ge=0,
        description="own proxies in front, each appending to X-Forwarded-For; 0 trusts the socket's address only",
    )
    log_level: str = "INFO"

    @model_validator(mode="before")
    @classmethod
    def _log_in(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_passwords(values, database_url="service_password", broker_url="service_password")

    @field_validator("database_url")
    @classmethod
    def _asyncpg_driver(cls, url: str) -> str:
        return on_asyncpg(url)

    @field_validator("secret_keys")
    @classmethod
    def _usable_keys(cls, keys: SecretStr) -> SecretStr:
        _box(keys)
        return keys

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, level: str) -> str:
        if level.upper() not in logging.getLevelNamesMapping():
            raise ValueError("is no log level")
        return level.upper()

    def secret_box(self) -> SecretBox:
        """Return the box that encrypts stored secrets."""
        return _box(self.secret_keys)

    def keyed_hash(self, purpose: str) -> KeyedHash:
        """Return the hash by which stored values of this purpose are found."""
        return KeyedHash(_split(self.secret_keys), purpose)


class ServiceSettings(DatabaseSettings):
    """Settings of every service."""

    broker_url: str = Field(repr=False, description="amqp://user:password@host:port/vhost")
    broker_prefix: str = Field("", description="prefix of exchanges and queues, for several platforms on one broker")
    broker_declare: bool = Field(
        default=True, description="declare exchanges, queues and bindings at start; off when the broker is provisioned"
    )
    broker_unsigned: bool = Field(
        default=False,
        description="accept events without a sender; only while processes of a release that sends none run",
    )
    staff_jwks_url: str = Field(description="identity's public keys")
    runner_jwks_url: str = Field("", description="registration's public keys")
    relay_workers: int = Field(4, ge=1, description="events published concurrently")
    relay_lease_seconds: float = Field(
        LEASE_SECONDS, gt=0, description="time after which another relay may claim a row"
    )
    sent_events_days: int = Field(
        SENT_EVENTS_DAYS,
        ge=1,
        le=LONGEST_SENT_EVENTS_DAYS,
        description="days for which sent events are kept, to be sent again after a restore",
    )
    prefetch: int = Field(24, ge=1, description="events handled concurrently")
    worker_port: int = Field(8081, ge=0, description="health and metrics of the worker; 0 serves none")


def with_passwords(values: Mapping[str, Any], **passwords: str) -> Mapping[str, Any]:
    """Insert passwords into URLs that have a user and no password.

    Args:
        values: the settings as found.
        passwords: name of the setting that is a URL -> name of the setting that is its password.
    """
    found = {url: (values.get(url), values.get(name)) for url, name in passwords.items()}
    return {**values, **{name: _logged_in(str(url), secret) for name, (url, secret) in found.items() if url and secret}}


def _logged_in(url: str, secret: str | SecretStr) -> str:
    password = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    if not user or ":" in user:
        return url
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def on_asyncpg(url: str) -> str:
    """Return a PostgreSQL URL with the asyncpg driver."""
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return "postgresql+asyncpg://" + url.removeprefix(plain)
    return url


def site_address(url: str) -> str:
    """Return the base URL of a site without a trailing slash; links start with it.

    Raises:
        ValueError: the URL has no scheme or host, or has other parts than these and a port.
    """
    parts = urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or url.rstrip("/") != f"{parts.scheme}://{parts.netloc}"
    ):
        raise ValueError("has to be like https://race.example: a scheme and a name, no path and no query")
    return url.rstrip("/")


def _box(keys: SecretStr) -> SecretBox:
    return SecretBox(_split(keys))


def _split(keys: SecretStr) -> list[str]:
    return [key.strip() for key in keys.get_secret_value().split(",") if key.strip()]


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load(kind: type[SettingsT]) -> SettingsT:
    """Return the settings of `kind` from the environment and from the files in `SECRETS`.

    Raises:
        MissingSettings: names all settings that are missing or wrong.
    """
    try:
        return kind(_secrets_dir=SECRETS if SECRETS.is_dir() else None, **_under_old_names(kind))
    except ValidationError as error:
        lines = (f"  {'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        raise MissingSettings("\n".join(("Startline cannot start, these settings are wrong:", *lines))) from None


def _under_old_names(kind: type[BaseSettings]) -> dict[str, Any]:
    """Return the settings that the environment has under their old names only."""
    renamed: Mapping[str, str] = getattr(kind, "RENAMED", {})
    found = {}
    for old, new in renamed.items():
        if old.upper() in os.environ and new.upper() not in os.environ:
            warnings.warn(f"{old.upper()} is called {new.upper()} now; rename it", FutureWarning, stacklevel=3)
            found[new] = os.environ[old.upper()]
    return found
