"""Settings of the standalone process, read from the environment."""

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chassis.canonical.emails import canonical_email
from chassis.outward import PrivateHosts
from chassis.secrets import new_key
from chassis.settings import on_asyncpg, site_address, with_passwords
from embedded.data_directory import make_folder
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class StandaloneSettings(BaseSettings):
    """The settings. All have defaults, so that trying it out needs no configuration."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True)

    startline_port: int = Field(8080, ge=0, le=65535)
    startline_host: str = "127.0.0.1"
    startline_data: Path = Path(".startline")
    startline_owner_email: str = "owner@startline.example"
    startline_owner_password: SecretStr | None = None
    startline_database_prefix: str = Field("startline_", pattern=r"^[a-z][a-z0-9_]{0,40}$")
    database_url: str | None = None
    broker_url: str | None = None
    database_password: SecretStr | None = Field(None, description="password for a database URL without one")
    broker_password: SecretStr | None = Field(None, description="password for a broker URL without one")
    broker_prefix: str = ""
    hour_seconds: float = Field(
        3600.0, gt=0, description="seconds in an hour of deadlines, as in registration; shorter only for rehearsals"
    )
    rehearse_duplicates: bool = Field(default=False, description="deliver every event twice, as a broker may do")
    fonnte_token: SecretStr | None = None
    smtp_host: str | None = None
    midtrans_base_url: str | None = Field(None, description="another Midtrans than the simulated one")
    usdt_private_endpoints: str = Field(
        "", description="hosts of the private network that endpoints may have, as in payment, beside the simulators"
    )
    public_url: str | None = None
    pages_url: str | None = Field(None, description="where the doctor reaches the service of pages, http://web:8000")
    log_level: str = "WARNING"

    @model_validator(mode="before")
    @classmethod
    def _log_in(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_passwords(values, database_url="database_password", broker_url="broker_password")

    @field_validator("startline_owner_email")
    @classmethod
    def _an_address(cls, email: str) -> str:
        try:
            return canonical_email(email)
        except ValueError:
            raise ValueError("has to be an e-mail address like owner@race.example") from None

    @field_validator("database_url")
    @classmethod
    def _a_postgresql(cls, url: str | None) -> str | None:
        if url is not None and not on_asyncpg(url).startswith("postgresql+asyncpg://"):
            raise ValueError("has to be like postgresql://user:password@host:5432/postgres; nothing else is supported")
        return url

    @field_validator("public_url")
    @classmethod
    def _a_site(cls, url: str | None) -> str | None:
        return url and site_address(url)

    @field_validator("usdt_private_endpoints")
    @classmethod
    def _hosts(cls, hosts: str) -> str:
        PrivateHosts.parse(hosts)
        return hosts

    @property
    def data(self) -> Path:
        """Return the folder for database, images and keys."""
        return self.startline_data.absolute()

    @property
    def race_images(self) -> Path:
        """Return the folder for pictures of events."""
        return self.data / "race-images"

    @property
    def provider_configured(self) -> bool:
        """Return whether a real provider is configured; otherwise the simulators are used."""
        return self.fonnte_token is not None or self.smtp_host is not None


class LocalSecrets:
    """Secrets that are generated once and stored in the data folder, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self) -> str:
        """Return the key that encrypts secrets in the databases."""
        return self._kept("secret.key", new_key)

    def webhook(self) -> str:
        """Return the last part of the webhook's URL."""
        return self._kept("webhook.secret", lambda: secrets.token_urlsafe(24))

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        path = self._folder / name
        make_folder(self._folder)
        with suppress(FileExistsError), os.fdopen(os.open(path, _CREATE, 0o600), "w") as file:
            file.write(make())
        with suppress(PermissionError):  # the file may belong to another user, who sets its mode
            path.chmod(0o600)
        return path.read_text().strip()
