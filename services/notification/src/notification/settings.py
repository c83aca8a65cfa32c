"""What notification needs from its environment."""

import re
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.canonical.emails import canonical_email
from chassis.settings import ServiceSettings, site_address
from pydantic import Field, SecretStr, field_validator, model_validator

from notification.channels.port import Security
from notification.messages.rules import Locale

_SHORTEST_WEBHOOK_SECRET = 16
_RETRIES = "further tries after a temporary failure; however few these are, a message is tried for four hours"


class Settings(ServiceSettings):
    """Notification's settings. Those of channels and limits are defaults: staff's own choices go before them."""

    public_url: str = Field(
        "http://127.0.0.1:8080", description="where runners reach the platform; links start with it"
    )
    timezone: str = Field("Asia/Jakarta", description="in which messages tell the time when a race's own is not known")
    default_locale: Locale = Field(Locale.INDONESIAN, description="language of messages")

    whatsapp_enabled: bool = True
    whatsapp_delay_seconds: int = Field(10, ge=0, le=3600, description="at least, between two messages")
    whatsapp_max_per_minute: int = Field(10, ge=1, le=600, description="at most, in any 60 seconds")
    whatsapp_retry_limit: int = Field(8, ge=0, le=20, description=_RETRIES)
    fonnte_base_url: str = Field("https://api.fonnte.com", description="Fonnte's API")
    fonnte_token: SecretStr = Field(SecretStr(""), description="device token; nothing goes by WhatsApp without one")
    fonnte_device_id: str = Field("", max_length=255, description="the number that sends, for people to know")
    fonnte_webhook_secret: SecretStr = Field(
        SecretStr(""), description="last part of the webhook's address; none, none"
    )

    email_enabled: bool = True
    email_delay_seconds: int = Field(5, ge=0, le=3600, description="at least, between two mails")
    email_max_per_minute: int = Field(20, ge=1, le=600, description="at most, in any 60 seconds")
    email_retry_limit: int = Field(8, ge=0, le=20, description=_RETRIES)
    email_from_address: str = Field("", max_length=255, description="nothing goes by e-mail without one")
    email_from_name: str = Field("Startline", max_length=255)
    smtp_host: str = Field("", max_length=255, description="nothing goes by e-mail without one")
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_private_allowed: bool = Field(
        default=False, description="whether staff may choose a mail server inside this network; this one may be anyway"
    )
    smtp_username: str = Field("", max_length=255)
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Security = Field(Security.STARTTLS, description="starttls, tls or none")
    smtp_ca_file: Path | None = Field(None, description="PEM file of who else may sign the mail server's certificate")

    send_timeout_seconds: float = Field(30.0, gt=0, description="for one step of talking to a provider")
    send_lease_seconds: float = Field(
        180.0,
        gt=0,
        description="after which a message being sent counts as abandoned; talking to a provider may take half of it",
    )
    retry_base_seconds: float = Field(
        30.0, gt=0, description="before the first retry; each further one waits 4 times that, an hour at most"
    )
    pause_base_seconds: float = Field(
        30.0, gt=0, description="a sender's first pause when it is in trouble; it doubles"
    )
    poll_seconds: float = Field(0.25, gt=0, description="between two looks for messages that are due")

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
    def send_limit_seconds(self) -> float:
        """How long the whole talk with a provider about one message may take."""
        return self.send_lease_seconds / 2

    @property
    def send_guard_seconds(self) -> float:
        """After which a send is given up whatever it does, so that its end can be noted while the lease lasts."""
        return self.send_lease_seconds * 2 / 3
