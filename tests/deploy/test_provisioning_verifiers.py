"""Verifiers that PostgreSQL takes instead of passwords."""

from base64 import b64decode

import pytest
from standalone.provisioning.verifiers import scram_verifier


def test_it_is_the_one_of_the_example_in_rfc_7677() -> None:
    """Password and salt of the RFC; the keys are those from which its messages follow."""
    made = scram_verifier("pencil", salt=b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), iterations=4096)

    assert made.startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    assert made.endswith("WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")


def test_each_has_a_salt_of_its_own_and_no_password_in_it() -> None:
    first, second = scram_verifier("pencil"), scram_verifier("pencil")

    assert first != second
    assert "pencil" not in first


@pytest.mark.parametrize(("typed", "same"), [("I\u00adX", "IX"), ("\u2168", "IX"), ("a\u00a0b", "a b")])
def test_spellings_that_saslprep_makes_one_are_one(typed: str, same: str) -> None:
    assert scram_verifier(typed, salt=b"salt") == scram_verifier(same, salt=b"salt")
