"""What notification answers about senders and their settings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import model_validator

from web.upstream.client import Answer


class Sender(Answer):
    """The state of a channel's sender."""

    channel: str
    enabled: bool
    configured: bool
    trouble: str | None
    trouble_since: datetime | None
    paused_until: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure_reason: str | None
    sent_last_hour: int
    sent_last_day: int
    waiting: int
    waiting_is_more: bool
    limit_per_minute: int
    left_this_minute: int

    def state(self, now: datetime) -> str:
        """Return in one word how it is."""
        if not self.enabled:
            return "off"
        if not self.configured:
            return "no_account"
        if self.paused_until is not None and self.paused_until > now:
            return "paused"
        return "trouble" if self.trouble else "sends"


class Senders(Answer):
    """The senders of all channels."""

    items: tuple[Sender, ...]

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, found: Any) -> Any:
        return {"items": found}


class Settings(Answer):
    """Switches, limits and accounts; of secrets only whether they are set."""

    default_locale: str
    whatsapp_enabled: bool
    whatsapp_delay_seconds: int
    whatsapp_max_per_minute: int
    whatsapp_retry_limit: int
    fonnte_device_id: str
    fonnte_api_key_set: bool
    email_enabled: bool
    email_delay_seconds: int
    email_max_per_minute: int
    email_retry_limit: int
    email_from_address: str
    email_from_name: str
    smtp_host: str
    smtp_port: int
    smtp_username: str
    smtp_password_set: bool
    smtp_security: str


class TestResult(Answer):
    """What became of a test message, and what that means in each language."""

    to: str
    outcome: str
    reason: str | None
    provider_said: str | None
    summary: Mapping[str, str]
