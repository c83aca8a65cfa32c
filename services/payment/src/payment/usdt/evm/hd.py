"""Addresses of an account's extended public key. Source: BIP-32 (serialization, public derivation) and BIP-44."""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from coincurve import PublicKey

from payment.usdt.evm.addresses import Address, keccak
from payment.usdt.evm.wallet_secrets import is_wallet_secret

LAST_INDEX: Final = 2**31 - 1
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_CHARACTERS, _BYTES, _BODY_BYTES = 111, 82, 78
_XPUB: Final = bytes.fromhex("0488b21e")
_ACCOUNT_DEPTH, _EXTERNAL = 3, 0


class KeyFault(StrEnum):
    """Why a text is not the extended public key of an account."""

    PRIVATE = "private"
    OTHER_VERSION = "other_version"
    WRONG_DEPTH = "wrong_depth"
    CHECKSUM = "checksum"
    UNREADABLE = "unreadable"


class NotAPublicKey(ValueError):
    """The text is not the extended public key of an account, because of `why`. The message does not quote it."""

    def __init__(self, why: KeyFault) -> None:
        super().__init__(f"not the extended public key of an account: {why.value}")
        self.why = why


@dataclass(frozen=True, slots=True)
class AccountKey:
    """The extended public key of an account, m/44'/60'/n'. It lists all addresses and can spend nothing."""

    chain_code: bytes = field(repr=False)
    key: bytes = field(repr=False)
    depth: int
    number: int
    parent_fingerprint: bytes

    @classmethod
    def parse(cls, xpub: str) -> "AccountKey":
        """Read a text that starts with `xpub`.

        Raises:
            NotAPublicKey.
        """
        body = _decoded(xpub)
        if body[:4] != _XPUB:
            raise NotAPublicKey(KeyFault.OTHER_VERSION)
        try:
            PublicKey(body[45:])
        except ValueError:
            raise NotAPublicKey(KeyFault.UNREADABLE) from None
        if body[4] != _ACCOUNT_DEPTH:
            raise NotAPublicKey(KeyFault.WRONG_DEPTH)
        return cls(body[13:45], body[45:], body[4], int.from_bytes(body[9:13], "big"), body[5:9])

    def address(self, index: int) -> Address:
        """Return the address at the path 0/`index` below the account.

        Raises:
            ValueError: the index is not from 0 to `LAST_INDEX`, or has no key (one in 2^127).
        """
        key, _ = public_child(*public_child(self.key, self.chain_code, _EXTERNAL), index)
        return Address(keccak(PublicKey(key).format(compressed=False)[1:])[12:])


def public_child(key: bytes, chain_code: bytes, index: int) -> tuple[bytes, bytes]:
    """Return the compressed key and the chain code of a child (CKDpub). Raises as `AccountKey.address`."""
    if not 0 <= index <= LAST_INDEX:
        raise ValueError("the index of a child of a public key is from 0 to 2^31-1")
    digest = hmac.digest(chain_code, key + index.to_bytes(4, "big"), "sha512")
    return PublicKey(key).add(digest[:32]).format(), digest[32:]


def _decoded(text: str) -> bytes:
    if is_wallet_secret(text):  # refused even if it is damaged
        raise NotAPublicKey(KeyFault.PRIVATE)
    if len(text) != _CHARACTERS or not set(text) <= set(_BASE58):
        raise NotAPublicKey(KeyFault.UNREADABLE)
    number = 0
    for letter in text:
        number = number * 58 + _BASE58.index(letter)
    body, check = number.to_bytes(_BYTES, "big")[:_BODY_BYTES], number.to_bytes(_BYTES, "big")[_BODY_BYTES:]
    if hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4] != check:
        raise NotAPublicKey(KeyFault.CHECKSUM)
    if body[45] == 0:  # a private key; a public one starts with 2 or 3
        raise NotAPublicKey(KeyFault.PRIVATE)
    return body
