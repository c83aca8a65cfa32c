"""Settings of the pages."""

from chassis.settings import site_address
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What the pages need. They store nothing, so there is neither a database nor a secret."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    registration_url: str = Field(description="base URL of registration's API, http://registration-api:8000")
    payment_url: str = Field(description="base URL of payment's API, http://payment-api:8000")
    public_url: str = Field(description="base URL of the site, in links to pages")
    upstream_seconds: float = Field(5.0, gt=0, description="maximum time for a response of an API")
    trusted_proxies: int = Field(
        0,
        ge=0,
        description="own proxies in front, each appending to X-Forwarded-For; 0 trusts the socket's address only",
    )
    show_parts: bool = Field(False, description="whether /parts shows all components in all states")
    log_level: str = "INFO"

    @field_validator("public_url")
    @classmethod
    def _is_site_address(cls, url: str) -> str:
        return site_address(url)
