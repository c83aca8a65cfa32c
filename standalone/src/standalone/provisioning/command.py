"""`startline provision`."""

import argparse
import asyncio
from collections.abc import Mapping
from typing import Any

from chassis import settings as shared
from chassis.settings import MissingSettings, load
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from standalone.databases import Server
from standalone.provisioning.broker import KEDA, provision_broker
from standalone.provisioning.databases import LOGINS, provision_databases
from standalone.settings import StandaloneSettings


class ProvisioningSettings(BaseSettings):
    """Settings of provisioning, besides the administrator's `DATABASE_URL` and `BROKER_URL`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, env_nested_delimiter="__")

    broker_api_url: str = Field(description="RabbitMQ's management API: http://host:15672")
    passwords: dict[str, SecretStr] = Field(
        description="passwords by login, as PASSWORDS__REGISTRATION etc., or files registration_password etc.; "
        "that of keda is optional"
    )
    connections_per_service: int = Field(
        100, ge=20, description="maximum connections to PostgreSQL of each service's login"
    )
    whole_server: bool = Field(default=False, description="PostgreSQL is used by this platform only")

    @model_validator(mode="before")
    @classmethod
    def _from_files(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        files = {login: shared.SECRETS / f"{login}_password" for login in (*LOGINS, KEDA)}
        read = {login: file.read_text().strip() for login, file in files.items() if file.is_file()}
        return {**values, "passwords": {**read, **(values.get("passwords") or {})}}

    @field_validator("passwords")
    @classmethod
    def _one_for_each(cls, passwords: dict[str, SecretStr]) -> dict[str, SecretStr]:
        missing = LOGINS - {login for login, password in passwords.items() if password.get_secret_value()}
        if missing:
            raise ValueError(f"none for {', '.join(sorted(missing))}")
        return passwords


def run(settings: StandaloneSettings, _: argparse.Namespace) -> int:
    """Create or update databases, logins, queues and permissions. Running it again changes nothing.

    Raises:
        MissingSettings: the administrator's URLs, or passwords, are missing.
    """
    own = load(ProvisioningSettings)
    if settings.database_url is None or settings.broker_url is None:
        raise MissingSettings("startline: provisioning needs the administrator's DATABASE_URL and BROKER_URL")
    server = Server(settings.database_url, settings.startline_database_prefix)
    asyncio.run(
        provision_databases(
            server, own.passwords, connections=own.connections_per_service, whole_server=own.whole_server
        )
    )
    asyncio.run(provision_broker(settings.broker_url, own.broker_api_url, own.passwords))
    return 0
