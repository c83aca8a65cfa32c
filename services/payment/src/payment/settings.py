"""Settings of payment, read from the environment."""

from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from chassis.images.settings import ImageSettings, StorePlace
from pydantic import Field, field_validator


class Settings(ImageSettings):
    """Payment's settings."""

    RENAMED = {"image_line": "image_queue_size"}  # noqa: RUF012  # a ClassVar in the base

    proof_store: StorePlace = Field(description="where images are stored: file:///folder or s3://bucket/prefix")
    timezone: str = Field("Asia/Jakarta", description="IANA time zone of payment dates without a time")
    review_lease_seconds: int = Field(
        120, ge=10, le=3600, description="seconds for which a proof is leased to the person who reviews it"
    )

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
    def review_lease(self) -> timedelta:
        """Return how long a proof is leased to the person who reviews it."""
        return timedelta(seconds=self.review_lease_seconds)

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of payment dates without a time."""
        return ZoneInfo(self.timezone)
