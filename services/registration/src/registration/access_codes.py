"""Access codes, which open a registration, or the waiting list entry it may come from, without a token.

A code is `<key><mac>`: four characters that name the key, and 22 characters with 128 bits of HMAC-SHA256 over the id
and a version number, both in URL-safe base64. Only the version is stored, so the same code can be sent again, and
incrementing the version makes the old code invalid.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from contracts import AccessCode

_MAC_BYTES = 16
_KEY_NAME_LENGTH = 4
_PURPOSE = b"startline access code"

FIRST_VERSION = 1
"""The version of the access code of a new registration or waiting list entry."""


class AccessCodes:
    """Creates codes with the first key and accepts those of any key, so that keys are rotated by adding one in front.

    Args:
        secrets: random secrets, newest first; the keys are derived from them (HMAC as a key derivation, RFC 5869).
        public_url: the base URL of links.
    """

    def __init__(self, secrets: Sequence[str], *, public_url: str) -> None:
        keys = [hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256) for secret in secrets]
        self._keys = {_encoded(hashlib.sha256(key).digest())[:_KEY_NAME_LENGTH]: key for key in keys}
        self._newest = next(iter(self._keys))
        self._macs = {name: hmac.new(key, digestmod=hashlib.sha256) for name, key in self._keys.items()}
        self._public_url = public_url.rstrip("/")

    def make(self, registration_id: UUID, version: int) -> AccessCode:
        """Return the code of that version."""
        return AccessCode(version=version, code=self._code(self._newest, registration_id, version))

    def opens(self, code: str, registration_id: UUID, version: int) -> bool:
        """Return whether the code is this registration's code of that version, in constant time."""
        name = code[:_KEY_NAME_LENGTH]
        known = name if name in self._keys else self._newest
        return hmac.compare_digest(self._code(known, registration_id, version).encode(), code.encode())

    def link(self, registration: str | UUID, code: str) -> str:
        """Return the URL of the page that the code opens.

        Args:
            registration: the registration number, or the id of a waiting list entry, which has no number.
        """
        return f"{self._public_url}/r/{registration}/{code}"

    def status_url(self, number: str | UUID, registration_id: UUID, version: int) -> str:
        """Return the link with the code of that version."""
        return self.link(number, self._code(self._newest, registration_id, version))

    def pseudonym(self, contact: str) -> str:
        """Return 64 hex digits that replace a contact where it is only compared."""
        return hmac.digest(self._keys[self._newest], b"contact:" + contact.encode(), hashlib.sha256).hex()

    def _code(self, name: str, registration_id: UUID, version: int) -> str:
        mac = self._macs[name].copy()  # takes a third of the time of starting with the key
        mac.update(registration_id.bytes + version.to_bytes(4))
        return name + _encoded(mac.digest()[:_MAC_BYTES])


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
