"""What registration needs from its environment."""

from datetime import timedelta

from chassis.settings import ServiceSettings
from pydantic import Field


class Settings(ServiceSettings):
    """Registration's settings."""

    expiry_grace_minutes: int = Field(10, ge=0, description="for proofs that were in time and are still on their way")
    expiry_sweep_seconds: float = Field(5.0, gt=0, description="between two looks for expired registrations")
    hour_seconds: float = Field(3600.0, gt=0, description="an hour of a payment deadline; shorter only for rehearsals")
    admission_batch: int = Field(64, ge=1, description="most registrations in one transaction")
    admission_line: int = Field(400, ge=1, description="most requests waiting per category and process; more get 503")
    runner_token_days: int = Field(400, ge=1, description="how long a runner token is good")

    @property
    def runner_token_lifetime(self) -> timedelta:
        """How long a runner token is good."""
        return timedelta(days=self.runner_token_days)
