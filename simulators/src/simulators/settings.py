"""Settings from the environment, each name prefixed with `SIMULATORS_`."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from simulators.fonnte.targets import normalise


class Settings(BaseSettings):
    """Addresses and behaviour of the simulators; all defaults suit a demo on one machine."""

    model_config = SettingsConfigDict(env_prefix="SIMULATORS_", frozen=True, env_ignore_empty=True)

    host: str = "127.0.0.1"
    port: int = Field(8090, ge=0, le=65535)

    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(0, ge=0, le=65535, description="0 takes any free port")
    mail_username: str | None = Field(None, min_length=1)
    mail_password: SecretStr | None = Field(None, description="if set, with a username, a login is required")
    mail_starttls: bool = Field(False, description="offer STARTTLS with a self-signed certificate")
    tls_certificate: Path | None = Field(None, description="PEM file; offers STARTTLS with this instead")
    tls_key: Path | None = None

    fonnte_token: SecretStr | None = Field(None, description="the only valid device token; without it any is accepted")
    fonnte_webhook_url: SecretStr | None = Field(None, description="URL for updates about sent and delivered messages")
    fonnte_webhook_secret: SecretStr = Field(SecretStr(""), description="the end of that URL, configured separately")
    fonnte_webhook_attempts: int = Field(5, ge=1, le=16)
    fonnte_webhook_gap_seconds: float = Field(2.0, ge=0, description="seconds between two attempts")
    fonnte_delivered_after_seconds: float = Field(1.0, ge=0, description="seconds from sent to delivered")
    fonnte_unreachable: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="numbers not on WhatsApp, separated by commas: accepted and never delivered"
    )
    fonnte_quota: int | None = Field(None, ge=0, description="messages left; unlimited without it")
    fonnte_failing_reason: str = Field(
        "target invalid", min_length=1, description="reason in the response of mode `failing`"
    )
    fonnte_hold_seconds: float = Field(60.0, ge=0, description="seconds for which mode `timeout` delays a response")

    midtrans_server_key: SecretStr = Field(SecretStr("SB-Mid-server-simulator"), min_length=1)
    midtrans_merchant_id: str = Field("G000000001", min_length=1)
    midtrans_notification_url: str | None = Field(None, description="URL for notifications; not sent without it")
    midtrans_time_factor: float = Field(1.0, gt=0, description="divides the waits between attempts to notify")
    midtrans_slow_seconds: float = Field(3.0, ge=0, description="seconds by which mode `slow` delays a response")
    midtrans_hold_seconds: float = Field(
        60.0, ge=0, description="seconds for which mode `timeout_after_doing` delays a response"
    )
    midtrans_refund_confirmed_after_seconds: float = Field(
        5.0, ge=0, description="seconds from a refund to its confirmation by the bank"
    )
    midtrans_sweep_seconds: float = Field(1.0, gt=0, description="seconds between two searches for expired orders")

    chain_id: int = Field(137, ge=1, le=2**53, description="that of Polygon, as is the token")
    chain_block_seconds: int = Field(2, ge=1, description="seconds between two blocks")
    chain_finality: int = Field(32, ge=0, description="blocks from the head to `finalized`")
    chain_token: str = Field(
        "0xc2132D05D31c914a87C6611C10748AEb04B58e8F",
        pattern=r"^0x[0-9a-fA-F]{40}$",
        description="address of the USDT contract",
    )
    chain_token_decimals: int = Field(6, ge=0, le=36)

    rates_idr_per_usdt: Decimal = Field(Decimal(16650), gt=0, description="first price of USDT at both sources")

    keep_messages: int = Field(10_000, ge=1, description="per inbox; the oldest are dropped first")
    keep_bytes: int = Field(256 * 1024 * 1024, ge=1, description="per inbox")

    @property
    def webhook(self) -> str | None:
        """Return the URL for status updates; None if there is none."""
        if self.fonnte_webhook_url is None:
            return None
        return self.fonnte_webhook_url.get_secret_value() + self.fonnte_webhook_secret.get_secret_value()

    @field_validator("fonnte_unreachable", mode="before")
    @classmethod
    def _read_numbers(cls, value: object) -> object:
        numbers = value.split(",") if isinstance(value, str) else value
        if not isinstance(numbers, list | tuple | set | frozenset):
            return value
        return frozenset(normalise(str(number)) for number in numbers if str(number).strip())

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if (self.mail_username is None) != (self.mail_password is None):
            raise ValueError("mail_username and mail_password are given together")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key are given together")
        return self
