"""Settings of the pages."""

from datetime import timedelta
from typing import Any, Self
from zoneinfo import available_timezones

from chassis.settings import DatabaseSettings, site_address
from pydantic import Field, field_validator

_APIS = ("registration", "payment", "notification", "checkin", "identity")


class Settings(DatabaseSettings):
    """What the pages need. The database holds what belongs to staff; pages for runners do without it."""

    registration_url: str = Field(description="base URL of registration's API, http://registration-api:8000")
    payment_url: str = Field(description="base URL of payment's API, http://payment-api:8000")
    notification_url: str = Field(description="base URL of notification's API, http://notification-api:8000")
    checkin_url: str = Field(description="base URL of checkin's API, http://checkin-api:8000")
    identity_url: str = Field(description="base URL of identity's API, http://identity-api:8000")
    public_url: str = Field(description="base URL of the site, in links to pages")
    upstream_seconds: float = Field(5.0, gt=0, description="maximum time for a response of an API")
    pool_size: int = Field(4, ge=1, description="pooled database connections")
    pool_overflow: int = Field(4, ge=0, description="further connections under load")
    staff_idle_minutes: int = Field(
        240, ge=1, description="minutes without a request of a person after which a session of staff ends"
    )
    staff_session_hours: int = Field(24, ge=1, description="maximum age of a session of staff in hours")
    timezone: str = Field("Asia/Jakarta", description="zone of times in the console that belong to no race")
    turnstile_site_key: str = Field(
        "", max_length=100, pattern=r"^[\w-]*$", description="public key of Turnstile's widget on forms; empty for none"
    )
    show_parts: bool = Field(False, description="whether /parts shows all components in all states")

    @classmethod
    def behind(cls, gateway: str, **values: Any) -> Self:
        """Return settings with all APIs at one base URL."""
        urls: dict[str, Any] = {f"{name}_url": gateway for name in _APIS}
        return cls(**urls, **values)

    @field_validator("public_url")
    @classmethod
    def _is_site_address(cls, url: str) -> str:
        return site_address(url)

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("is no time zone, such as Asia/Makassar")
        return name

    @property
    def staff_idle(self) -> timedelta:
        """Return after how long without a request of a person a session of staff ends."""
        return timedelta(minutes=self.staff_idle_minutes)

    @property
    def staff_session_lifetime(self) -> timedelta:
        """Return the maximum age of a session of staff."""
        return timedelta(hours=self.staff_session_hours)
