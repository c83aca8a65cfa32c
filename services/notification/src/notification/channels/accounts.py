"""The provider accounts that messages are sent from."""

from dataclasses import dataclass, field

from notification.channels.port import Security


@dataclass(frozen=True)
class WhatsAppAccount:
    """The Fonnte device that sends. `sealed` is True if staff set a token, even if it cannot be decrypted any more."""

    device_id: str
    token: str = field(repr=False)
    sealed: bool = False

    @property
    def missing(self) -> str | None:
        """Return which settings are missing; None if the account can send."""
        return None if self.token else "fonnte_api_key is not set"


@dataclass(frozen=True)
class MailAccount:
    """The mail server and the address that sends.

    `private_allowed` is True if the server may have an address of this machine or network.
    """

    from_address: str
    from_name: str
    host: str
    port: int
    username: str
    password: str = field(repr=False)
    security: Security
    private_allowed: bool = False

    @property
    def missing(self) -> str | None:
        """Return which settings are missing; None if the account can send."""
        absent = [
            name for name, value in (("smtp_host", self.host), ("email_from_address", self.from_address)) if not value
        ]
        return f"{', '.join(absent)} not set" if absent else None
