"""What payment needs from its environment."""

from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from chassis.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator, model_validator


class Settings(ServiceSettings):
    """Payment's settings."""

    proof_store: str = Field(description="where images are kept: file:///folder or s3://bucket/prefix")
    s3_endpoint: str | None = Field(None, description="of an S3-compatible store; Amazon's if not set")
    s3_region: str = Field("us-east-1", description="of the bucket")
    s3_access_key_id: str | None = Field(None, description="the machine's own identity is used if not set")
    s3_secret_access_key: SecretStr | None = None
    image_threads: int = Field(2, ge=1, description="images decoded side by side")
    image_line: int = Field(32, ge=1, description="uploads waiting for their image to be checked; more get 503")
    orphan_sweep_minutes: float = Field(15.0, gt=0, description="between two looks for stored images nobody refers to")
    timezone: str = Field("Asia/Jakarta", description="in which a payment date without a time is meant")

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
        """In which a payment date without a time is meant."""
        return ZoneInfo(self.timezone)
