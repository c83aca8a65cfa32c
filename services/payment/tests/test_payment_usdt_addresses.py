"""Addresses as text: the checksum in their letter cases."""

import string
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payment.usdt.evm.addresses import NotAnAddress, checksum, keccak, parse_address

EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
"""The examples that EIP-55 publishes."""
TOKENS = [
    "0xdAC17F958D2ee523a2206206994597C13D831ec7",
    "0x55d398326f99059fF775485246999027B3197955",
    "0xc2132D05D31c914a87C6611C10748AEb04B58e8F",
    "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9",
]
MIXED = EIP_55[4]
BYTES = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_the_digest_is_that_of_keccak_before_sha3(data: bytes, digest: str) -> None:
    assert keccak(data).hex() == digest


@pytest.mark.parametrize("text", EIP_55 + TOKENS)
def test_published_addresses_have_their_letter_cases(text: str) -> None:
    assert checksum(bytes.fromhex(text[2:])) == text
    assert checksum(parse_address(text)) == text


@given(BYTES)
def test_an_address_is_read_in_both_cases_and_with_its_checksum(address: bytes) -> None:
    for text in (f"0x{address.hex()}", f"0x{address.hex().upper()}", checksum(address)):
        assert parse_address(text) == address


@pytest.mark.parametrize("place", [place for place, letter in enumerate(MIXED) if place > 1 and letter.isalpha()])
def test_a_letter_in_the_other_case_is_found(place: int) -> None:
    with pytest.raises(NotAnAddress):
        parse_address(MIXED[:place] + MIXED[place].swapcase() + MIXED[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        MIXED[2:],
        MIXED[:-1],
        f"{MIXED}0",
        f"{MIXED}\n",
        f" {MIXED}",
        f"0X{MIXED[2:]}",
        f"{MIXED[:-1]}g",
        f"0x{'٣' * 40}",
        f"ethereum:{MIXED}",
        "TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH",
        f"0x{'b7' * 32}",
    ],
)
def test_other_texts_are_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(NotAnAddress) as refused:
        parse_address(text)
    told = "".join(traceback.format_exception(refused.value))
    assert not [start for start in range(len(text) - 7) if text[start : start + 8] in told]


@given(st.text(string.hexdigits, min_size=40, max_size=40))
def test_a_text_that_is_accepted_is_the_address_it_looks_like(digits: str) -> None:
    try:
        address = parse_address(f"0x{digits}")
    except NotAnAddress:
        assert digits not in (digits.lower(), digits.upper(), checksum(bytes.fromhex(digits))[2:])
    else:
        assert address.hex() == digits.lower()


@pytest.mark.parametrize("length", [0, 19, 21, 32])
def test_other_lengths_are_not_written_as_an_address(length: int) -> None:
    with pytest.raises(NotAnAddress):
        checksum(bytes(length))
