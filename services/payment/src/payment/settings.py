"""Settings of payment, read from the environment."""

from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from chassis.images.settings import ImageSettings, StorePlace
from chassis.outward import PrivateHosts
from pydantic import Field, SecretStr, field_validator

from payment.gateways.port import SHORTEST


class Settings(ImageSettings):
    """Payment's settings."""

    RENAMED = {"image_line": "image_queue_size"}  # noqa: RUF012  # a ClassVar in the base

    proof_store: StorePlace = Field(description="where images are stored: file:///folder or s3://bucket/prefix")
    timezone: str = Field(
        "Asia/Jakarta", description="IANA time zone of payment dates without a time, and of times in the ledger's CSV"
    )
    review_lease_seconds: int = Field(
        120, ge=10, le=3600, description="seconds for which a proof is leased to the person who reviews it"
    )

    midtrans_base_url: str = Field(
        "", description="base URL of Midtrans's API for sandbox accounts; empty for Midtrans's own"
    )

    usdt_lock_minutes: int = Field(
        30, ge=5, le=240, description="minutes for which the rate of an amount in USDT holds"
    )
    usdt_places: int = Field(2, ge=2, le=6, description="decimal places to which amounts in USDT are rounded up")
    usdt_private_endpoints: str = Field(
        "",
        description="hosts of the private network that endpoints may have, separated by commas, like node.internal or "
        "10.0.0.5:8545; all others have to be public",
    )
    indodax_base_url: str = Field("", description="base URL of Indodax's public API; empty for its own")
    coingecko_base_url: str = Field("", description="base URL of CoinGecko's API; empty for its own")
    coingecko_api_key: SecretStr = Field(SecretStr(""), description="demo key of CoinGecko; empty for none")

    hour_seconds: float = Field(
        3600.0, gt=0, description="as in registration: seconds in an hour of deadlines; shorter only for rehearsals"
    )

    @field_validator("midtrans_base_url", "indodax_base_url", "coingecko_base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("usdt_private_endpoints")
    @classmethod
    def _hosts(cls, hosts: str) -> str:
        PrivateHosts.parse(hosts)
        return hosts

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("is not a time zone of the IANA database")
        return name

    @property
    def shortest_charge(self) -> timedelta:
        """Return the time that has to be left until the deadline for a charge at the gateway, which counts minutes."""
        return max(SHORTEST * (self.hour_seconds / 3600), timedelta(minutes=1))

    @property
    def usdt_lock(self) -> timedelta:
        """Return for how long the rate of an amount in USDT holds."""
        return timedelta(minutes=self.usdt_lock_minutes)

    @property
    def usdt_private_hosts(self) -> PrivateHosts:
        """Return the private hosts that endpoints may have."""
        return PrivateHosts.parse(self.usdt_private_endpoints)

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
