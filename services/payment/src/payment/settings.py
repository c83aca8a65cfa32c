"""Settings of payment, read from the environment."""

from zoneinfo import ZoneInfo, available_timezones

from chassis.images.settings import ImageSettings, StorePlace
from pydantic import Field, field_validator


class Settings(ImageSettings):
    """Payment's settings."""

    RENAMED = {"image_line": "image_queue_size"}  # noqa: RUF012  # a ClassVar in the base

    proof_store: StorePlace = Field(description="where images are stored: file:///folder or s3://bucket/prefix")
    timezone: str = Field("Asia/Jakarta", description="IANA time zone of payment dates without a time")

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("is not a time zone of the IANA database")
        return name

    @property
    def image_place(self) -> str:
        """Return where images are stored."""
        return self.proof_store

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of payment dates without a time."""
        return ZoneInfo(self.timezone)
