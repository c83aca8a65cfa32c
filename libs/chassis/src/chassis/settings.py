"""Settings come from the environment, once, and are frozen. Nothing else reads the environment."""

import logging
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.secrets import SecretBox
from chassis.tables import LEASE_SECONDS


class MissingSettings(SystemExit):
    """The process cannot start; the message names every setting that is missing or wrong."""


class ServiceSettings(BaseSettings):
    """What every service needs. Secrets and addresses have no defaults."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: str = Field(repr=False, description="postgresql+asyncpg://user:password@host:port/database")
    broker_url: str = Field(repr=False, description="amqp://user:password@host:port/vhost")
    broker_prefix: str = Field("", description="keeps several platforms apart on one broker")
    broker_declare: bool = Field(
        default=True, description="declare exchanges, queues and bindings at start; off when the broker is provisioned"
    )
    broker_unsigned: bool = Field(
        default=False, description="take events without a sender; only while processes of a release that sent none run"
    )
    secret_keys: SecretStr = Field(description="Fernet keys, newest first, separated by commas")
    staff_jwks_url: str = Field(description="identity's public keys")
    runner_jwks_url: str = Field("", description="registration's public keys")
    pool_size: int = Field(8, ge=1, description="pooled database connections")
    pool_overflow: int = Field(8, ge=0, description="further connections under load")
    relay_workers: int = Field(4, ge=1, description="events published side by side")
    relay_lease_seconds: float = Field(LEASE_SECONDS, gt=0, description="after which another relay takes over a row")
    prefetch: int = Field(24, ge=1, description="events handled side by side")
    trusted_proxies: int = Field(
        0, ge=0, description="proxies of ours in front, each appending to X-Forwarded-For; 0 believes the socket only"
    )
    worker_port: int = Field(8081, ge=0, description="health and metrics of the worker; 0 serves none")
    log_level: str = "INFO"

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
        """The box for secrets at rest."""
        return _box(self.secret_keys)


def on_asyncpg(url: str) -> str:
    """A PostgreSQL URL with the driver that is used here."""
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return "postgresql+asyncpg://" + url.removeprefix(plain)
    return url


def _box(keys: SecretStr) -> SecretBox:
    return SecretBox([key.strip() for key in keys.get_secret_value().split(",") if key.strip()])


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load(kind: type[SettingsT]) -> SettingsT:
    """The settings of `kind` from the environment.

    Raises:
        MissingSettings: naming all that are missing or wrong at once.
    """
    try:
        return kind()
    except ValidationError as error:
        lines = (f"  {'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        raise MissingSettings("\n".join(("Startline cannot start, these settings are wrong:", *lines))) from None
