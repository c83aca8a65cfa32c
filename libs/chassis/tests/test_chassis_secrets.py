"""Sealed bytes, and keyed hashes by which rows are found."""

import pytest
from chassis.secrets import KeyedHash, SecretBox, UnreadableSecret, new_key


def test_sealed_bytes_are_opened_with_any_key_and_by_nobody_else() -> None:
    old, new = new_key(), new_key()
    sealed = SecretBox([old]).seal_bytes(b"\x00 to Ani \xff")
    assert b"Ani" not in sealed
    assert SecretBox([new, old]).open_bytes(sealed) == b"\x00 to Ani \xff"
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for box, content in ((SecretBox([new]), sealed), (SecretBox([old]), changed), (SecretBox([old]), b"")):
        with pytest.raises(UnreadableSecret):
            box.open_bytes(content)


def test_a_hash_is_the_same_for_a_value_a_key_and_a_purpose_only() -> None:
    old, new = new_key(), new_key()
    stored = KeyedHash([old], "recipients").of("ani@example.com")
    assert len(stored) == 32
    assert stored == KeyedHash([old], "recipients").of("ani@example.com")
    for other in (
        KeyedHash([old], "recipients").of("bima@example.com"),
        KeyedHash([new], "recipients").of("ani@example.com"),
        KeyedHash([old], "names").of("ani@example.com"),
    ):
        assert other != stored


def test_after_a_rotation_old_hashes_are_found_and_new_ones_use_the_new_key() -> None:
    old, new = new_key(), new_key()
    rotated = KeyedHash([new, old], "recipients")
    assert KeyedHash([old], "recipients").of("ani@example.com") in rotated.all_of("ani@example.com")
    assert rotated.of("ani@example.com") == KeyedHash([new], "recipients").of("ani@example.com")
