"""Which passwords are refused."""

import random
import string

import pytest
from chassis.wording import Wording
from hypothesis import given
from hypothesis import strategies as st
from identity.accounts.rules import (
    GUESSED_FIRST,
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    PERSONAL,
    TOO_LONG,
    TOO_SHORT,
    password_problem,
)

TRIED_FIRST = """
    password Password1! p@ssw0rd PA$$WORD99 pa55word 12345678 87654321 0987654321 11111111 12341234 11223344 12344321
    abcd1234 qwertyuiop qwerty123456 1qaz2wsx zaq12wsx 123qweasd 1q2w3e4r a1b2c3d4 asdfghjkl 147258369 aa123456
    123456789a abcabcabc trustno1 iloveyou1 sunshine1 letmein123 welcome2024! Admin1234 superman99 liverpool1
    bismillah1 sayangku123 Rahasia123! indonesia1945 jakarta2024 persib1933 s3mangat45 !@#$%^&*
"""
_URLSAFE = string.ascii_letters + string.digits + "-_"


def problem(password: str) -> Wording | None:
    return password_problem(password, email="budi.santoso@lari.example.com", name="Budi Santoso")


@pytest.mark.parametrize("password", TRIED_FIRST.split())
def test_passwords_that_are_guessed_first_are_refused(password: str) -> None:
    assert problem(password) == GUESSED_FIRST


@pytest.mark.parametrize(
    "password",
    ["startline26!", "Startline#1", "budisantoso7", "budi.santoso", "S4nt0so2026", "lari.example.com", "BudiSantoso!!"],
)
def test_passwords_from_the_context_are_refused(password: str) -> None:
    assert problem(password) == PERSONAL


@pytest.mark.parametrize(
    "password",
    [
        *("Jakarta2026", "FunRun2026!", "JakartaRun2026", "RunJakarta26", "BandungMarathon!", "LariPagi2026"),
        *("StartlineJakarta", "JakartaStartline#1", "Startline-Surabaya-2027", "2026JakartaFunRun", "Panitia#Lari26"),
        *("J4k4rt4Run2026", "jakarta2026run", "Yogyakarta_Fun-Run", "Fun.Run.Bali.2026!", "MedaliJersey10K"),
        *(
            "BudiJakarta2026",
            "SantosoFunRun!",
            "agustus2026lari",
            "17agustus1945",
            "17081945",
            "17-08-45",
            "2026/08/17",
        ),
        *("01012000!", "sayangbandung1", "bismillahsukses", "Welcome_Jakarta", "CheckinDesk2026"),
    ],
)
def test_places_races_dates_and_names_in_a_row_are_refused(password: str) -> None:
    assert problem(password) in {GUESSED_FIRST, PERSONAL}


@pytest.mark.parametrize(
    "password",
    [
        *(
            "123456789012",
            "1234567890123",
            "qwertyuiop12",
            "12qwertyuiop!",
            "Asdfghjkl!7",
            "2026qwerty",
            "098765432109",
        ),
        *("St@rtl1ne2026!", "5tartl1ne-2026", "J4k4rt4-2026!", "J4k4rt42026!", "S3m4r4ng_2027", "FunRun-2026-OK"),
        *("OK-FunRun-2026", "Fun_Run_2026_v2", "B4l1-M4r4th0n-26", "M1lan-2026!"),
        *("Startline-2026-go", "Jakarta.2026.ID", "Bandung-10K-xx", "L1verpool-2026"),
    ],
)
def test_padded_and_look_alike_passwords_are_refused(password: str) -> None:
    assert problem(password) in {GUESSED_FIRST, PERSONAL}


def test_random_passwords_are_accepted() -> None:
    chosen = random.Random(20260101)
    refused = [
        password
        for length, alphabet in ((16, _URLSAFE), (12, _URLSAFE), (10, string.ascii_letters + string.digits))
        for password in ("".join(chosen.choices(alphabet, k=length)) for _ in range(1000))
        if problem(password)
    ]
    assert refused == []


@pytest.mark.parametrize(
    "password",
    [
        "kupu-kupu di pagar",
        "tR7#kq9zLw",
        "48201957",
        "correct horse battery",
        "budi suka mangga muda",
        "sandi yang panjang",
        "Quartz-Lantern-57-Meadow",
        "Violet-Kestrel-88-Harbor",
        "Correct-horse-9-battery",
        "Jakarta punya seribu cerita",
        "31904528",
    ],
)
def test_passwords_that_are_not_easily_guessed_are_accepted_of_any_composition(password: str) -> None:
    assert problem(password) is None


def test_length_is_counted_in_characters() -> None:
    assert problem("k7#mQ2x") == TOO_SHORT
    assert problem("k7#mQ2xé") is None
    long = "k7#mQ2xé" * 16
    assert len(long) == MAX_PASSWORD_LENGTH
    assert problem(long + "!") == TOO_LONG


@given(st.text(max_size=140), st.emails(), st.text(max_size=40))
def test_every_text_is_accepted_or_refused_with_a_reason(password: str, email: str, name: str) -> None:
    found = password_problem(password, email=email, name=name)
    assert found is None or isinstance(found, Wording)
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        assert found is not None
