"""Which passwords are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identity.staff.rules import LONGEST_PASSWORD, SHORTEST_PASSWORD, password_problem

GUESSED_FIRST = """
    password Password1! p@ssw0rd PA$$WORD99 pa55word 12345678 87654321 0987654321 11111111 12341234 11223344 12344321
    abcd1234 qwertyuiop qwerty123456 1qaz2wsx zaq12wsx 123qweasd 1q2w3e4r a1b2c3d4 asdfghjkl 147258369 aa123456
    123456789a abcabcabc trustno1 iloveyou1 sunshine1 letmein123 welcome2024! Admin1234 superman99 liverpool1
    bismillah1 sayangku123 Rahasia123! indonesia1945 jakarta2024 persib1933 s3mangat45 !@#$%^&*
"""


def problem(password: str) -> str | None:
    return password_problem(password, email="budi.santoso@lari.example.com", name="Budi Santoso")


@pytest.mark.parametrize("password", GUESSED_FIRST.split())
def test_what_is_guessed_first_is_refused(password: str) -> None:
    assert problem(password) == "is one of the passwords that are guessed first"


@pytest.mark.parametrize(
    "password",
    ["startline26!", "Startline#1", "budisantoso7", "budi.santoso", "S4nt0so2026", "lari.example.com", "BudiSantoso!!"],
)
def test_what_leans_on_the_context_is_refused(password: str) -> None:
    assert str(problem(password)).startswith("leans too much on")


@pytest.mark.parametrize(
    "password",
    [
        "kupu-kupu di pagar",
        "tR7#kq9zLw",
        "48201957",
        "correct horse battery",
        "budi suka mangga muda",
        "sandi yang panjang",
    ],
)
def test_what_is_not_easily_guessed_is_taken_of_any_composition(password: str) -> None:
    assert problem(password) is None


def test_length_is_counted_in_characters() -> None:
    assert problem("k7#mQ2x") == "must have at least 8 characters"
    assert problem("k7#mQ2xé") is None
    long = "k7#mQ2xé" * 16
    assert len(long) == LONGEST_PASSWORD
    assert problem(long + "!") == "must have at most 128 characters"


@given(st.text(max_size=140), st.emails(), st.text(max_size=40))
def test_every_text_gets_an_answer(password: str, email: str, name: str) -> None:
    found = password_problem(password, email=email, name=name)
    assert found is None or isinstance(found, str)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        assert found is not None
