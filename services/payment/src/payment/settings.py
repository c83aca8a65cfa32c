"""Settings of payment, read from the environment."""

from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from chassis.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator, model_validator


class Settings(ServiceSettings):
    """Payment's settings."""

    RENAMED = {"image_line": "image_queue_size"}  # noqa: RUF012  # a ClassVar in the base

    proof_store: str = Field(description="where images are stored: file:///folder or s3://bucket/prefix")
    s3_endpoint: str | None = Field(None, description="URL of an S3-compatible store; Amazon S3 if not set")
    s3_region: str = Field("us-east-1", description="region of the bucket")
    s3_access_key_id: str | None = Field(None, description="access key; the credentials of the machine if not set")
    s3_secret_access_key: SecretStr | None = None
    image_threads: int = Field(2, ge=1, description="maximum images decoded at the same time, per process")
    image_queue_size: int = Field(
        32, ge=1, description="maximum images waiting or being decoded, per process; more get 503"
    )
    orphan_sweep_minutes: float = Field(
        15.0, gt=0, description="minutes between two sweeps for stored images without a database row"
    )
    timezone: str = Field("Asia/Jakarta", description="IANA time zone of payment dates without a time")

    @field_validator("proof_store")
    @classmethod
    def _known_store(cls, url: str) -> str:
        if url.startswith("s3://") and url != "s3://":
            return url
        if url.startswith("file:///"):
            return url
        raise ValueError("must be file:///folder or s3://bucket/prefix")

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("is not a time zone of the IANA database")
        return name

    @model_validator(mode="after")
    def _whole_credentials(self) -> Self:
        if (self.s3_access_key_id is None) != (self.s3_secret_access_key is None):
            raise ValueError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of payment dates without a time."""
        return ZoneInfo(self.timezone)
