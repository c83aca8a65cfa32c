"""Encryption of stored secrets with a key that is kept outside the database."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class UnreadableSecret(Exception):
    """None of the configured keys decrypts this secret."""


class SecretBox:
    """Encrypts with the first key and decrypts with any, so that keys are rotated by adding a new one in front.

    Args:
        keys: Fernet keys (32 bytes, URL-safe base64), newest first.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secret: str) -> str:
        """Return the secret, encrypted and authenticated, as text."""
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the decrypted secret.

        Raises:
            UnreadableSecret: it was tampered with, or was encrypted with a key that is not configured any more.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise UnreadableSecret("no configured key opens this secret") from None


def new_key() -> str:
    """Return a new key for `SecretBox`."""
    return Fernet.generate_key().decode()
