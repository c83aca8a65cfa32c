"""Encryption and keyed hashes of stored values, with keys that are kept outside the database."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
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

    def seal_bytes(self, content: bytes) -> bytes:
        """Return the content, encrypted and authenticated, as bytes: a quarter less than as text."""
        return urlsafe_b64decode(self._fernet.encrypt(content))

    def open_bytes(self, sealed: bytes) -> bytes:
        """Return the decrypted content.

        Raises:
            UnreadableSecret: as `open`.
        """
        try:
            return self._fernet.decrypt(urlsafe_b64encode(sealed))
        except InvalidToken:
            raise UnreadableSecret("no configured key opens this content") from None


class KeyedHash:
    """Hashes values (HMAC-SHA-256), so that a row is found by a value that it does not contain.

    The key is derived from the newest of the keys; a look-up compares with the hashes of all of them.

    Args:
        keys: those of `SecretBox`, newest first.
        purpose: hashes of one purpose say nothing about those of another.
    """

    def __init__(self, keys: Sequence[str], purpose: str) -> None:
        self._keys = [hmac.digest(key.encode(), purpose.encode(), "sha256") for key in keys]

    def of(self, value: str) -> bytes:
        """Return the hash to store: 32 bytes."""
        return self.all_of(value)[0]

    def all_of(self, value: str) -> list[bytes]:
        """Return the hashes that a stored one may equal, one for each key."""
        return [hmac.digest(key, value.encode(), "sha256") for key in self._keys]


def new_key() -> str:
    """Return a new key for `SecretBox`."""
    return Fernet.generate_key().decode()
