"""Settings of identity, read from the environment."""

from datetime import timedelta

from chassis.settings import ServiceSettings
from pydantic import Field

MAX_ACCESS_MINUTES = 60


class Settings(ServiceSettings):
    """Identity's settings."""

    staff_jwks_url: str = Field("", description="not used: identity verifies staff tokens with its own keys")
    access_token_minutes: int = Field(
        5,
        ge=1,
        le=MAX_ACCESS_MINUTES,
        description="lifetime of access tokens in minutes; also how long ended sessions go on while the broker is down",
    )
    revocation_wait_seconds: float = Field(
        3.0,
        ge=0,
        description="maximum wait of a response until all services refuse the tokens of ended sessions; 0 for none",
    )
    session_idle_hours: int = Field(12, ge=1, description="hours without a refresh after which a session ends")
    session_days: int = Field(7, ge=1, description="maximum age of a session in days")
    signing_key_days: int = Field(30, ge=1, description="age in days at which the signing key is replaced")
    password_memory_kib: int = Field(65536, ge=19456, description="memory of one argon2id hash in KiB")
    password_passes: int = Field(3, ge=2, description="argon2id passes")
    password_hashes_at_once: int = Field(
        2, ge=1, description="maximum concurrent hashes per process; each takes a core and the memory above"
    )
    account_attempts: int = Field(5, ge=1, description="failed logins of one account without a wait")
    source_attempts: int = Field(20, ge=1, description="failed logins from one address without a wait")
    longest_wait_seconds: int = Field(900, ge=1, description="maximum wait in seconds; waits double up to it")

    @property
    def access_token_lifetime(self) -> timedelta:
        """Return the lifetime of access tokens."""
        return timedelta(minutes=self.access_token_minutes)

    @property
    def revocation_wait(self) -> timedelta:
        """Return how long a response waits at most until ended sessions are revoked."""
        return timedelta(seconds=self.revocation_wait_seconds)
