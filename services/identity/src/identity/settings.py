"""What identity needs from its environment."""

from datetime import timedelta

from chassis.settings import ServiceSettings
from pydantic import Field

LONGEST_ACCESS_MINUTES = 60


class Settings(ServiceSettings):
    """Identity's settings."""

    staff_jwks_url: str = Field("", description="not used here: identity checks staff tokens with its own keys")
    access_token_minutes: int = Field(
        5, ge=1, le=LONGEST_ACCESS_MINUTES, description="also how long ended sessions go on while the broker is down"
    )
    revocation_wait_seconds: float = Field(
        3.0,
        ge=0,
        description="how long the answer to taking rights away waits until every service knows; 0: not at all",
    )
    session_idle_hours: int = Field(12, ge=1, description="a session unused for so long is over")
    session_days: int = Field(7, ge=1, description="a session this old is over, however busy")
    signing_key_days: int = Field(30, ge=1, description="after which tokens are signed with a new key")
    password_memory_kib: int = Field(65536, ge=19456, description="memory of one argon2id hash")
    password_passes: int = Field(3, ge=2, description="argon2id passes over that memory")
    password_hashes_at_once: int = Field(2, ge=1, description="each takes a core and the memory above")
    account_attempts: int = Field(5, ge=1, description="failed logins of one account until waits begin")
    source_attempts: int = Field(20, ge=1, description="failed logins from one address until waits begin")
    longest_wait_seconds: int = Field(900, ge=1, description="waits double up to this")

    @property
    def access_token_lifetime(self) -> timedelta:
        """How long an access token is good."""
        return timedelta(minutes=self.access_token_minutes)

    @property
    def revocation_wait(self) -> timedelta:
        """How long the answer to taking rights away waits at most."""
        return timedelta(seconds=self.revocation_wait_seconds)
