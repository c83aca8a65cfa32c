"""Addresses of an extended public key: published vectors, a second library, and keys that are refused."""

import ast
import hashlib
import hmac
import re
import traceback
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import payment.usdt
import pytest
from ecdsa import SECP256k1, VerifyingKey
from payment.usdt.evm import hd
from payment.usdt.evm.addresses import checksum, keccak
from payment.usdt.evm.hd import LAST_INDEX, AccountKey, KeyFault, NotAPublicKey, public_child

JUNK = "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8heNP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP"
ABANDON = (
    "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt"
)
ADDRESSES = [
    (JUNK, 0, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    (JUNK, 1, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    (JUNK, 2, "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
    (ABANDON, 0, "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"),
    (ABANDON, 1, "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0"),
    (ABANDON, 2, "0xb6716976A3ebe8D39aCEB04372f22Ff8e6802D7A"),
]

VECTOR_2 = (
    "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY47LJhkJ8UB7WEGuduB"
)
VECTOR_2_CHILD = (
    "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6r1D3tgFxHmwMkQTPH"
)
"""BIP-32, test vector 2: chains m and m/0."""

XPUB = "0488b21e"
PRIVATE_VERSIONS = [
    "0488ade4",  # xprv
    "049d7878",  # yprv
    "04b2430c",  # zprv
    "0295b005",  # Yprv
    "02aa7a99",  # Zprv
    "04358394",  # tprv
    "044a4e28",  # uprv
    "045f18bc",  # vprv
    "024285b5",  # Uprv
    "02575048",  # Vprv
    "019d9cfe",  # Ltpv
    "01b26792",  # Mtpv
    "0488b21e",  # the version of xpub, around a private key
]
OTHER_PUBLIC_VERSIONS = ["049d7cb2", "04b24746", "0295b43f", "02aa7ed3", "043587cf", "045f1cf6", "019da462"]
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
RANDOM = Random(20261128)


def base58check(data: bytes) -> str:
    data += hashlib.sha256(hashlib.sha256(data).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return text


def point(random: Random) -> bytes:
    """A random public key, by the second library."""
    at = SECP256k1.generator * random.randrange(1, SECP256k1.order)
    return bytes(VerifyingKey.from_public_point(at, SECP256k1).to_string("compressed"))


def extended(key: bytes, *, version: str = XPUB, depth: int = 3, chain_code: bytes = bytes(range(32))) -> str:
    head = bytes.fromhex(version) + bytes([depth]) + b"\x01\x02\x03\x04" + b"\x80\x00\x00\x07"
    return base58check(head + chain_code + key)


def private(version: str) -> str:
    return extended(b"\x00" + RANDOM.randbytes(32), version=version)


def child_of_second_library(key: bytes, chain_code: bytes, index: int) -> tuple[bytes, bytes]:
    digest = hmac.new(chain_code, key + index.to_bytes(4, "big"), hashlib.sha512).digest()
    at = VerifyingKey.from_string(key, SECP256k1).pubkey.point
    at += SECP256k1.generator * int.from_bytes(digest[:32], "big")
    return bytes(VerifyingKey.from_public_point(at, SECP256k1).to_string("compressed")), digest[32:]


def address_of_second_library(key: bytes, chain_code: bytes, index: int) -> bytes:
    child, _ = child_of_second_library(*child_of_second_library(key, chain_code, 0), index)
    uncompressed = VerifyingKey.from_string(child, SECP256k1).to_string("uncompressed")
    return keccak(bytes(uncompressed)[1:])[-20:]


def decoded(xpub: str) -> bytes:
    number = 0
    for letter in xpub:
        number = number * 58 + BASE58.index(letter)
    return number.to_bytes(82, "big")[:78]


def fault(text: str) -> KeyFault:
    with pytest.raises(NotAPublicKey) as refused:
        AccountKey.parse(text)
    told = "".join(traceback.format_exception(refused.value)) + repr(refused.value)
    pieces = {text[start : start + 8] for start in range(len(text) - 7)}
    assert not [piece for piece in pieces if piece in told]
    return refused.value.why


@pytest.mark.parametrize(("xpub", "index", "address"), ADDRESSES)
def test_the_first_addresses_are_those_that_wallets_show(xpub: str, index: int, address: str) -> None:
    assert checksum(AccountKey.parse(xpub).address(index)) == address


def test_a_child_is_that_of_the_published_vector() -> None:
    parent, child = decoded(VECTOR_2), decoded(VECTOR_2_CHILD)
    assert public_child(parent[45:], parent[13:45], 0) == (child[45:], child[13:45])


@pytest.mark.parametrize("number", range(3))
def test_addresses_are_those_of_a_second_library(number: int) -> None:
    random = Random(number)
    key, chain_code = point(random), random.randbytes(32)
    account = AccountKey.parse(extended(key, chain_code=chain_code))
    for index in [0, 1, LAST_INDEX, *(random.randrange(2**31) for _ in range(15))]:
        assert account.address(index) == address_of_second_library(key, chain_code, index)


def test_the_fields_of_a_key_are_read() -> None:
    key = point(RANDOM)
    account = AccountKey.parse(extended(key, chain_code=b"c" * 32))
    assert account == AccountKey(b"c" * 32, key, depth=3, number=2**31 + 7, parent_fingerprint=b"\x01\x02\x03\x04")


def test_the_text_of_a_key_does_not_show_it() -> None:
    account = AccountKey.parse(JUNK)
    assert repr(account.key) not in repr(account)
    assert repr(account.chain_code) not in repr(account)


@pytest.mark.parametrize("index", [-1, LAST_INDEX + 1, 2**32])
def test_an_index_that_has_no_public_child_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match="index"):
        AccountKey.parse(JUNK).address(index)


@pytest.mark.parametrize("version", PRIVATE_VERSIONS)
def test_a_private_key_is_refused_as_one(version: str) -> None:
    assert fault(private(version)) is KeyFault.PRIVATE


def test_random_bytes_in_the_version_of_a_private_key_are_refused_as_one() -> None:
    text = base58check(bytes.fromhex("0488ade4") + RANDOM.randbytes(74))
    assert text.startswith("xprv")
    assert fault(text) is KeyFault.PRIVATE


@pytest.mark.parametrize("damage", ["cut", "typo", "longer"])
def test_a_damaged_private_key_is_still_refused_as_one(damage: str) -> None:
    text = private("0488ade4")
    damaged = {"cut": text[:60], "typo": f"{text[:-1]}0", "longer": f"{text} "}[damage]
    assert fault(damaged) is KeyFault.PRIVATE


@pytest.mark.parametrize("version", OTHER_PUBLIC_VERSIONS)
def test_public_keys_of_other_wallets_are_refused(version: str) -> None:
    assert fault(extended(point(RANDOM), version=version)) is KeyFault.OTHER_VERSION


@pytest.mark.parametrize("depth", [0, 1, 2, 4, 5, 255])
def test_a_key_of_another_level_than_the_account_is_refused(depth: int) -> None:
    assert fault(extended(point(RANDOM), depth=depth)) is KeyFault.WRONG_DEPTH


def test_a_typo_anywhere_is_found() -> None:
    for place in range(4, len(JUNK)):
        other = BASE58[(BASE58.index(JUNK[place]) + RANDOM.randrange(1, 58)) % 58]
        assert fault(f"{JUNK[:place]}{other}{JUNK[place + 1 :]}") is KeyFault.CHECKSUM


@pytest.mark.parametrize(
    "text",
    [
        "",
        "xpub",
        JUNK[:-1],
        f"{JUNK}1",
        f"1{JUNK}",
        f"{JUNK}\n",
        f" {JUNK[1:]}",
        f"{JUNK[:-1]}0",
        f"{JUNK[:-1]}é",
        "legal winner thank year wave sausage worth useful legal winner thank",
        "1 winner thank year wave sausage worth useful legal winner thank yellow",
        f"0x{'b7' * 20}",
        "9" * 100_000,
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    assert fault(text) is KeyFault.UNREADABLE


@pytest.mark.parametrize("text", [f"0x{'b7' * 32}", "B7" * 32, "Xprv", *(" ".join(["kata"] * n) for n in (12, 15, 24))])
def test_what_spends_the_money_of_a_wallet_is_named_as_private(text: str) -> None:
    assert fault(text) is KeyFault.PRIVATE


@pytest.mark.parametrize("key", [b"\x02" + bytes(31) + b"\x05", b"\x02" + b"\xff" * 32, b"\x04" + bytes(31) + b"\x01"])
def test_a_key_that_is_no_point_of_the_curve_is_refused(key: bytes) -> None:
    assert fault(extended(key)) is KeyFault.UNREADABLE


def words(identifier: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", identifier)]


def identifiers(source: str) -> Iterator[str]:
    """Yield each name that a module defines, uses or imports, and each string that could be looked up as one."""
    for node in ast.walk(ast.parse(source)):
        for text in (
            *(getattr(node, field, None) for field in ("id", "attr", "arg", "name", "asname", "module")),
            getattr(node, "value", None) if isinstance(node, ast.Constant) else None,
        ):
            if isinstance(text, str) and re.fullmatch(r"[\w.]+", text):
                yield text


def of_private_keys(source: str) -> list[str]:
    """The names of private keys, of what they are made from, and of what they do."""
    named = []
    for identifier in identifiers(source):
        parts = words(identifier)
        alone = {"mnemonic", "seed", "sign", "signer", "signing", "privkey", "xprv", "privatekey"} & set(parts)
        if alone or ("private", "key") in pairwise(parts) or "from_secret" in identifier:
            named.append(identifier)
    return named


@pytest.mark.parametrize(
    "source",
    [
        "from coincurve import PrivateKey",
        "import mnemonic",
        "from bip39.mnemonic import to_entropy",
        "key = getattr(coincurve, 'PrivateKey')",
        "PublicKey.from_secret(data)",
        "def sign(data): ...",
        "wallet(seed=b'')",
        "private_key = 1",
        "class TransactionSigner: ...",
    ],
)
def test_the_search_for_private_keys_finds_them(source: str) -> None:
    assert of_private_keys(source)
    assert not of_private_keys("assigned = KeyFault.PRIVATE; unsigned = PublicKey(design)")


def modules() -> list[Path]:
    return sorted(Path(payment.usdt.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("module", modules(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_module_names_a_private_key(module: Path) -> None:
    assert of_private_keys(module.read_text()) == []


def test_public_keys_are_all_that_is_imported_from_the_library() -> None:
    imported = []
    for module in modules():
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "coincurve":
                imported += [(module.name, alias.name) for alias in node.names]
            elif isinstance(node, ast.Import):
                assert not [alias for alias in node.names if alias.name.partition(".")[0] == "coincurve"]
    assert imported == [("hd.py", "PublicKey")]


def test_the_derivation_is_short_enough_to_be_read_at_once() -> None:
    assert len(Path(hd.__file__).read_text().splitlines()) <= 100
