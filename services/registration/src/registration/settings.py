"""Registration's settings, read from the environment."""

from datetime import timedelta
from enum import StrEnum

from chassis.images.settings import ImageSettings, StorePlace
from chassis.settings import site_address
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from registration.access_codes import AccessCodes


class ChallengeKind(StrEnum):
    """Providers of challenges that tell people from programs."""

    NONE = "none"
    TURNSTILE = "turnstile"


class Settings(ImageSettings):
    """Registration's settings."""

    RENAMED = {  # noqa: RUF012  # a ClassVar in the base
        "admission_batch": "admission_batch_size",
        "admission_turns": "admission_max_concurrent_batches",
        "admission_crowd": "admission_max_in_flight",
        "admission_line": "admission_queue_size",
    }

    image_store: StorePlace = Field(
        description="where pictures of events and files of exports are stored: file:///folder or s3://bucket/prefix"
    )
    image_threads: int = Field(1, ge=1, description="maximum pictures decoded at the same time, per process")
    image_queue_size: int = Field(
        4, ge=1, description="maximum pictures waiting or being decoded, per process; more get 503"
    )
    expiry_grace_minutes: int = Field(
        10, ge=0, description="minutes after the deadline for proofs that were in time and are still being received"
    )
    expiry_sweep_seconds: float = Field(5.0, gt=0, description="seconds between two sweeps for expired registrations")
    hour_seconds: float = Field(
        3600.0, gt=0, description="seconds in an hour of deadlines and offers; shorter only for rehearsals"
    )
    waitlist_offer_hours: int = Field(12, ge=1, description="hours for which an offer of the waiting list is open")
    admission_batch_size: int = Field(200, ge=1, description="maximum registrations in one transaction")
    admission_max_concurrent_batches: int = Field(
        4, ge=1, description="maximum concurrent admission transactions per process, over all categories"
    )
    admission_max_in_flight: int = Field(
        400,
        ge=1,
        description="maximum concurrent registration requests per process; excess gets 503 before its body is read",
    )
    admission_queue_size: int = Field(
        400, ge=1, description="maximum queued requests per category and process; excess gets 503"
    )
    public_url: str = Field(description="base URL of the platform, used in links")
    runner_token_hours: int = Field(24, ge=1, description="lifetime of a runner token; opening a link issues a new one")
    rate_registration_per_minute: int = Field(
        120, ge=0, description="sustained rate of registrations per address and process; 0 sets no limit"
    )
    rate_registration_burst: int = Field(20, ge=1, description="registrations that an address may send at once")
    rate_access_per_minute: int = Field(
        60, ge=0, description="sustained rate of links opened or requested per address and process; 0 sets no limit"
    )
    rate_access_burst: int = Field(20, ge=1, description="links that an address may open or request at once")
    rate_search_per_minute: int = Field(
        300, ge=0, description="sustained rate of searches for races per address and process; 0 sets no limit"
    )
    rate_search_burst: int = Field(60, ge=1, description="searches for races that an address may send at once")
    rate_promo_check_per_minute: int = Field(
        20, ge=0, description="sustained rate of checked promo codes per address and process; 0 sets no limit"
    )
    rate_promo_check_burst: int = Field(10, ge=1, description="promo codes that an address may check at once")
    stream_max_connections: int = Field(
        1000, ge=1, description="maximum open streams of registrations per process; excess gets 503"
    )
    stream_max_per_registration: int = Field(
        20, ge=1, description="maximum open streams of one registration per process; excess gets 429"
    )
    stream_poll_interval_seconds: float = Field(
        2.0, gt=0, description="seconds between two queries for changes of registrations that have streams"
    )
    stream_heartbeat_seconds: float = Field(
        15.0, gt=0, description="maximum seconds without a byte on a stream; shorter than a proxy's read timeout"
    )
    stream_max_age_seconds: float = Field(
        600.0, gt=0, description="maximum age of a stream; its client then connects again"
    )
    export_keep_days: int = Field(7, ge=1, description="days for which files of exports are kept")
    challenge: ChallengeKind = Field(
        ChallengeKind.NONE, description="provider of challenges that tell people from programs"
    )
    challenge_fail_open: bool = Field(
        default=False, description="admit requests while the challenge's provider is unavailable"
    )
    turnstile_secret: SecretStr | None = Field(None, validate_default=True, description="the widget's secret")
    turnstile_url: str = "https://challenges.cloudflare.com/turnstile/v0/siteverify"
    turnstile_hostname: str = Field(
        "", description="where challenges are solved; empty accepts all that the widget does"
    )
    turnstile_action: str = Field("", description="the widget's action; empty accepts any")

    @field_validator("public_url")
    @classmethod
    def _a_site(cls, url: str) -> str:
        return site_address(url)

    @field_validator("turnstile_secret")
    @classmethod
    def _needed_by_turnstile(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if not secret and info.data.get("challenge") is ChallengeKind.TURNSTILE:
            raise ValueError("is needed for the challenge")
        return secret

    @property
    def image_place(self) -> str:
        """Return where pictures are stored."""
        return self.image_store

    @property
    def deadline_scale(self) -> float:
        """Return the length of an hour of payment deadlines, in hours; 1 except for rehearsals."""
        return self.hour_seconds / 3600

    @property
    def waitlist_offer_time(self) -> timedelta:
        """Return how long an offer is open."""
        return timedelta(seconds=self.waitlist_offer_hours * self.hour_seconds)

    @property
    def export_keep_time(self) -> timedelta:
        """Return how long files of exports are kept."""
        return timedelta(days=self.export_keep_days)

    @property
    def runner_token_lifetime(self) -> timedelta:
        """Return the lifetime of a runner token."""
        return timedelta(hours=self.runner_token_hours)

    def access_codes(self) -> AccessCodes:
        """Return the access codes for links. Keys are derived from `secret_keys`; an old one works while listed."""
        keys = [key.strip() for key in self.secret_keys.get_secret_value().split(",") if key.strip()]
        return AccessCodes(keys, public_url=self.public_url)
