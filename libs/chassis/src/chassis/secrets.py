"""Secrets at rest: sealed with a key that lives outside the database."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class UnreadableSecret(Exception):
    """None of the configured keys opens this secret."""


class SecretBox:
    """Seals with the first key and opens with any, so keys rotate by putting a new one in front.

    Args:
        keys: Fernet keys (32 bytes, URL-safe base64), newest first.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> str:
        """The secret, encrypted and authenticated, as text."""
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """The secret again.

        Raises:
            UnreadableSecret: tampered with, or sealed with a key that is gone.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise UnreadableSecret("no configured key opens this secret") from None


def new_key() -> str:
    """A fresh key for `SecretBox`."""
    return Fernet.generate_key().decode()
