"""Account keys for tests: two published ones, and others in any form."""

import hashlib
import secrets
from typing import Any, Final

from chassis.auth.principals import Role
from coincurve import PublicKey
from testkit.driver import Answer

from .payment_driver import PaymentDriver

_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_HARDENED: Final = 2**31

PATH: Final = "m/44'/60'/0'"

# Of the mnemonic "test test test test test test test test test test test junk".
JUNK: Final = (
    "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8heNP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP"
)
JUNK_ADDRESSES: Final = [
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
]

# Of the mnemonic "abandon" eleven times, "about".
ABANDON: Final = (
    "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt"
)
ABANDON_ADDRESSES: Final = [
    "0x9858EfFD232B4033E47d90003D41EC34EcaEda94",
    "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0",
    "0xb6716976A3ebe8D39aCEB04372f22Ff8e6802D7A",
]


def extended(version: str = "0488b21e", *, depth: int = 3, number: int = _HARDENED, key: bytes | None = None) -> str:
    """Return an extended key with a random chain code, and a random public key unless one is given."""
    public = PublicKey.from_valid_secret(secrets.token_bytes(32)).format() if key is None else key
    numbers = bytes([depth]) + secrets.token_bytes(4) + number.to_bytes(4, "big")
    return base58check(bytes.fromhex(version) + numbers + secrets.token_bytes(32) + public)


def account(number: int) -> str:
    """Return a new key of the account with a number."""
    return extended(number=_HARDENED + number)


def base58check(body: bytes) -> str:
    """Return bytes with their checksum, as extended keys are written."""
    value = int.from_bytes(body + hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4], "big")
    letters = ""
    while value:
        value, letter = divmod(value, 58)
        letters = _BASE58[letter] + letters
    return letters


async def try_propose(driver: PaymentDriver, xpub: Any = JUNK, path: Any = PATH, **request: Any) -> Answer:
    """Enter a key, by the owner."""
    body = {"xpub": xpub, "path": path}
    return await driver.call("POST", "/usdt/keys", by=driver.staff(Role.OWNER), json=body, **request)


async def propose(driver: PaymentDriver, xpub: str = JUNK, path: str = PATH) -> dict[str, Any]:
    """Enter a key, and return what is shown of it."""
    body: dict[str, Any] = (await try_propose(driver, xpub, path)).require(201)
    return body


async def try_confirm(driver: PaymentDriver, key: dict[str, Any], address: str | None = None) -> Answer:
    """Confirm a key by its first address unless another text is given, by the owner."""
    body = {"address": key["first_addresses"][0] if address is None else address}
    return await driver.call("POST", f"/usdt/keys/{key['key_id']}/confirm", by=driver.staff(Role.OWNER), json=body)


async def activate(driver: PaymentDriver, xpub: str = JUNK, path: str = PATH) -> dict[str, Any]:
    """Enter and confirm a key, and return what is shown of it."""
    body: dict[str, Any] = (await try_confirm(driver, await propose(driver, xpub, path))).require(200)
    return body


async def keys(driver: PaymentDriver) -> list[dict[str, Any]]:
    """Return all keys, newest first."""
    items: list[dict[str, Any]] = (await driver.call("GET", "/usdt/keys", by=driver.staff(Role.OWNER))).require(200)[
        "items"
    ]
    return items
