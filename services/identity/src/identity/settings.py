"""What identity needs from its environment."""

from datetime import timedelta

from chassis.settings import ServiceSettings
from pydantic import Field


class Settings(ServiceSettings):
    """Identity's settings."""

    staff_jwks_url: str = Field("", description="not used here: identity checks staff tokens with its own keys")
    access_token_minutes: int = Field(15, ge=1, le=60, description="also the delay until others notice a revocation")
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
