"""Settings of notification, read from the environment."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.canonical.emails import canonical_email
from chassis.settings import ServiceSettings, site_address
from pydantic import Field, SecretStr, field_validator, model_validator

from notification.channels.port import Security
from notification.messages.rules import Locale

_SHORTEST_WEBHOOK_SECRET = 16
_RETRIES = "maximum retries after temporary failures; retries continue for at least four hours"


class Settings(ServiceSettings):
    """Notification's settings. Those of channels and limits are defaults, which staff can override."""

    public_url: str = Field("http://127.0.0.1:8080", description="base URL of the platform, used in links")
    timezone: str = Field("Asia/Jakarta", description="IANA time zone of messages about races without one")
    default_locale: Locale = Field(Locale.INDONESIAN, description="default language of messages: id or en")

    whatsapp_enabled: bool = True
    whatsapp_delay_seconds: int = Field(10, ge=0, le=3600, description="minimum seconds between two messages")
    whatsapp_max_per_minute: int = Field(10, ge=1, le=600, description="maximum in any 60 seconds")
    whatsapp_retry_limit: int = Field(8, ge=0, le=20, description=_RETRIES)
    fonnte_base_url: str = Field("https://api.fonnte.com", description="base URL of Fonnte's API")
    fonnte_token: SecretStr = Field(SecretStr(""), description="device token; without it no WhatsApp messages are sent")
    fonnte_device_id: str = Field("", max_length=255, description="the sending number, for information only")
    fonnte_webhook_secret: SecretStr = Field(
        SecretStr(""), description="last part of the webhook's URL; without it the webhook is off"
    )

    email_enabled: bool = True
    email_delay_seconds: int = Field(5, ge=0, le=3600, description="minimum seconds between two mails")
    email_max_per_minute: int = Field(20, ge=1, le=600, description="maximum in any 60 seconds")
    email_retry_limit: int = Field(8, ge=0, le=20, description=_RETRIES)
    email_from_address: str = Field("", max_length=255, description="required for sending e-mail")
    email_from_name: str = Field("Startline", max_length=255)
    smtp_host: str = Field("", max_length=255, description="required for sending e-mail")
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_private_allowed: bool = Field(
        default=False,
        description="allow staff to set a mail server in the private network; the one set here is always allowed",
    )
    smtp_username: str = Field("", max_length=255)
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Security = Field(Security.STARTTLS, description="starttls, tls or none")
    smtp_ca_file: Path | None = Field(
        None, description="PEM file of additional certificate authorities for the mail server"
    )

    send_timeout_seconds: float = Field(
        30.0, gt=0, description="time limit of one step of the conversation with a provider"
    )
    send_lease_seconds: float = Field(
        180.0,
        gt=0,
        description="time after which a message being sent counts as abandoned; sending may take half of it",
    )
    retry_base_seconds: float = Field(
        30.0, gt=0, description="delay before the first retry; four times as long for each further one, at most an hour"
    )
    pause_base_seconds: float = Field(
        30.0, gt=0, description="first pause of a failing sender; doubles with each failure"
    )
    message_log_days: int = Field(
        90, ge=1, le=3650, description="days for which the log keeps recipient and text of messages as they were sent"
    )
    poll_seconds: float = Field(0.25, gt=0, description="interval between two checks for due messages")

    @field_validator("public_url")
    @classmethod
    def _a_site(cls, url: str) -> str:
        return site_address(url)

    @field_validator("fonnte_base_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("smtp_ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, path: object) -> object:
        return path or None

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is not a time zone") from None
        return name

    @field_validator("email_from_address")
    @classmethod
    def _deliverable(cls, address: str) -> str:
        return canonical_email(address) if address else ""

    @field_validator("fonnte_token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[\x21-\x7e]*", token.get_secret_value()):
            raise ValueError("has characters that no token has")
        return token

    @field_validator("fonnte_webhook_secret")
    @classmethod
    def _hard_to_guess(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret.get_secret_value()) < _SHORTEST_WEBHOOK_SECRET:
            raise ValueError(f"has fewer than {_SHORTEST_WEBHOOK_SECRET} characters")
        return secret

    @model_validator(mode="after")
    def _lease_outlives_a_send(self) -> Self:
        if self.send_limit_seconds < self.send_timeout_seconds:
            raise ValueError("send_lease_seconds has to be at least twice send_timeout_seconds")
        return self

    @property
    def message_log_age(self) -> timedelta:
        """Return the age at which the content of a sent message is deleted."""
        return timedelta(days=self.message_log_days)

    @property
    def send_limit_seconds(self) -> float:
        """Return the time limit for sending one message."""
        return self.send_lease_seconds / 2

    @property
    def send_guard_seconds(self) -> float:
        """Return the time after which a send is cancelled, so that its result can be recorded before the lease ends."""
        return self.send_lease_seconds * 2 / 3
