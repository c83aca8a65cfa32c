"""`python -m chassis.migrations <service>`: bring a service's database up to date, as its owner.

The owner's URL is `MIGRATION_DATABASE_URL`; without one the service's own login owns the tables.
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
    """What a migration needs, and nothing of what the service itself is trusted with."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    migration_database_url: str = Field("", repr=False, description="postgresql://owner:password@host/database")
    database_url: str = Field("", repr=False, description="the service's own, used when the other is not given")
    service_password: SecretStr = Field(SecretStr(""), description="of that login, for a URL that holds no password")
    log_level: str = "INFO"

    @model_validator(mode="before")
    @classmethod
    def _log_in(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return with_passwords(values, migration_database_url="service_password", database_url="service_password")


settings = load(MigrationSettings)
configure_logging(settings.log_level)
upgrade(on_asyncpg(settings.migration_database_url or settings.database_url), sys.argv[1])
