"""Settings of check-in, read from the environment."""

from datetime import timedelta
from typing import Final

from chassis.settings import ServiceSettings
from pydantic import Field

LATE_SCANS: Final = timedelta(days=7)
"""How long after its expiry a device token still sends scans: phones without a network come back later."""


class Settings(ServiceSettings):
    """Check-in's settings."""

    device_token_hours: int = Field(16, ge=1, le=72, description="hours that a device token is valid")
    signing_key_days: int = Field(
        30, ge=1, description="age in days at which the key that signs device tokens is replaced"
    )

    @property
    def device_token_lifetime(self) -> timedelta:
        """Return how long a device token is valid."""
        return timedelta(hours=self.device_token_hours)
