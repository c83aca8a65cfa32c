"""`python -m chassis.migrations <service>`: upgrade a service's database, as its owner.

The owner's URL is `MIGRATION_DATABASE_URL`. If it is not set, the service's own login owns the tables.
"""

import sys
from collections.abc import Mapping
from typing import Any

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.migrations import upgrade
from chassis.settings import load, on_asyncpg, with_passwords
from chassis.telemetry import configure_logging


class MigrationSettings(BaseSettings):
    """The settings of a migration, without the secrets of the service itself."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    migration_database_url: str = Field("", repr=False, description="postgresql://owner:password@host/database")
    database_url: str = Field("", repr=False, description="the service's own login, used if the other is not set")
    service_password: SecretStr = Field(SecretStr(""), description="password of that login, for a URL without one")
    log_level: str = "INFO"

    @model_validator(mode="before")
    @classmethod
    def _log_in(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_passwords(values, migration_database_url="service_password", database_url="service_password")


settings = load(MigrationSettings)
configure_logging(settings.log_level)
upgrade(on_asyncpg(settings.migration_database_url or settings.database_url), sys.argv[1])
