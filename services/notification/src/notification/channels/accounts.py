"""The provider accounts that messages are sent from."""

from dataclasses import dataclass, field

from notification.channels.port import Security


@dataclass(frozen=True)
class WhatsAppAccount:
    """The Fonnte device that sends. `sealed`: staff chose a token, also if the key is gone that could read it."""

    device_id: str
    token: str = field(repr=False)
    sealed: bool = False

    @property
    def missing(self) -> str | None:
        """What has to be set before anything can be sent; None when all is there."""
        return None if self.token else "fonnte_api_key is not set"


@dataclass(frozen=True)
class MailAccount:
    """The mail server and the address that sends.

    `private_allowed`: the server may have an address of this machine or network.
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
        """What has to be set before anything can be sent; None when all is there."""
        absent = [
            name for name, value in (("smtp_host", self.host), ("email_from_address", self.from_address)) if not value
        ]
        return f"{', '.join(absent)} not set" if absent else None
