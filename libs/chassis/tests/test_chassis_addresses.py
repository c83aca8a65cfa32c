"""The canonical form of phone numbers and e-mail addresses: many spellings, one value."""

from collections.abc import Callable

import phonenumbers
import pytest
from chassis.canonical.emails import canonical_email
from chassis.canonical.names import clean_line, clean_name, clean_text
from chassis.canonical.phones import canonical_phone, canonical_whatsapp, readable_phone
from chassis.wording import Language, Refused
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

MOBILE = "6281279277579"


@pytest.mark.parametrize(
    "typed",
    [
        "081279277579",
        "81279277579",
        "6281279277579",
        "+6281279277579",
        "006281279277579",
        "62081279277579",
        "+62 (0) 812-7927-7579",
        "+62 812-7927-7579",
        "0812 7927 7579",
        "0812.7927.7579",
        "(0812) 7927\u20117579",
        "\u202a+62 812\u00a07927\u00a07579\u202c",
        "\uff10\uff18\uff11\uff12\uff17\uff19\uff12\uff17\uff17\uff15\uff17\uff19",
        "\t081279277579\n",
    ],
)
def test_one_indonesian_number_has_one_form_however_it_is_typed(typed: str) -> None:
    assert canonical_whatsapp(typed) == MOBILE
    assert canonical_phone(typed) == MOBILE


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("+65 9123 4567", "6591234567"),
        ("6591234567", "6591234567"),
        ("0065 9123 4567", "6591234567"),
        ("60123456789", "60123456789"),
        ("+1 202 555 0147", "12025550147"),
        ("+81 90-1234-5678", "819012345678"),
        ("+852 9123 4567", "85291234567"),
        ("+84 912 345 678", "84912345678"),
        ("+44 7400 123456", "447400123456"),
    ],
)
def test_a_number_abroad_says_its_country(typed: str, stored: str) -> None:
    assert canonical_whatsapp(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "budi",
        "0812abc34567",
        "0012345678",
        "1234567890",
        "0000000000",
        "081279277579123",
        "00812345678901",
        "0081279277579",
        "0800123456",
        "0812345",
        "+62 21 5551234",
        "0215551234",
        "+6282",
        "+812-7927-7579",
        "+81 3 1234 5678",
        "++6281279277579",
        "+0081279277579",
        "081279277579 / 081279277570",
        "٠٨١٢٧٩٢٧٧٥٧٩٠٠٠٠٠",
    ],
)
def test_what_cannot_have_whatsapp_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        canonical_whatsapp(typed)

    assert "0812 3456 7890" in refused.value.wording.said(Language.INDONESIAN)
    assert "+65" in refused.value.wording.said(Language.ENGLISH)


def test_an_emergency_number_may_be_a_landline() -> None:
    assert canonical_phone("(021) 555-1234") == "62215551234"
    assert canonical_phone("+62 21 5551234") == "62215551234"


@given(st.from_regex(r"(0|\+?62)0?8[0-9]{6,13}", fullmatch=True), st.booleans())
def test_an_ordinary_number_is_read_as_any_other(typed: str, landline: bool) -> None:
    read = canonical_phone if landline else canonical_whatsapp

    def answered(text: str) -> str | None:
        try:
            return read(text)
        except Refused:
            return None

    assert answered(typed) == answered(f"{typed[:2]} {typed[2:]}")


@given(st.from_regex(r"8[1-9][0-9]{7,10}", fullmatch=True))
def test_every_spelling_of_a_mobile_number_means_the_same(number: str) -> None:
    spellings = (f"0{number}", number, f"62{number}", f"+62{number}", f"0062{number}", f"+62 {number[:3]}-{number[3:]}")

    assert {canonical_whatsapp(each) for each in spellings} == {f"62{number}"}


@given(st.text(alphabet="+0123456789 -().", max_size=22))
def test_what_is_accepted_is_its_own_canonical_form_and_starts_with_a_country(typed: str) -> None:
    for canonical in (canonical_whatsapp, canonical_phone):
        try:
            found = canonical(typed)
        except Refused:
            continue
        assert canonical(f"+{found}") == found
        assert phonenumbers.is_possible_number(phonenumbers.parse(f"+{found}"))


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(typed: str) -> None:
    readers: tuple[Callable[[str], str], ...] = (
        canonical_whatsapp,
        canonical_phone,
        canonical_email,
        clean_line,
        clean_text,
        clean_name,
    )
    for read in readers:
        try:
            found = read(typed)
        except Refused:
            continue
        assert read(f"+{found}" if read in {canonical_whatsapp, canonical_phone} else found) == found


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("budi@example.com", "budi@example.com"),
        (" budi+lari@Example.COM ", "budi+lari@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("budi@exämple.com", "budi@xn--exmple-cua.com"),
        ("budi@пример.рф", "budi@xn--e1afmkfd.xn--p1ai"),
        ("budi@xn--e1afmkfd.xn--p1ai", "budi@xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_an_address_is_stored_as_it_can_be_sent_to(typed: str, stored: str) -> None:
    assert canonical_email(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "budi",
        "budi@",
        "budi@localhost",
        "budi..s@example.com",
        "budi.@example.com",
        ".budi@example.com",
        "budi@exa..mple.com",
        "jörg@example.com",
        "budi@\u200bexample.com",
        "budi\u200b@example.com",
        "budi:x@example.com",
        "budi@" + "a" * 64 + ".com",
        "a" * 65 + "@example.com",
        "budi@[127.0.0.1]",
        '"budi s"@example.com',
        "Budi <budi@example.com>",
        "budi@example.com, ani@example.com",
        "budi@example.com\nBcc: ani@example.com",
    ],
)
def test_an_address_that_cannot_be_sent_to_is_refused(typed: str) -> None:
    with pytest.raises(Refused):
        canonical_email(typed)


@given(
    st.from_regex(r"[A-Za-z0-9_+]{1,70}(\.[A-Za-z0-9_+]{1,22})?@([a-z0-9]{1,65}\.){1,4}[a-z]{1,26}", fullmatch=True)
    | st.sampled_from(["a@b.test", "a@b.c.local", "a@localhost.onion", "a@1.2.3.com", "a@b.co"])
)
def test_an_ordinary_address_is_judged_as_the_library_does(typed: str) -> None:
    try:
        expected = validate_email(typed, allow_smtputf8=False, check_deliverability=False, strict=True).ascii_email
    except EmailNotValidError:
        expected = None
    try:
        found = canonical_email(typed)
    except Refused:
        found = None
    assert found == expected


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("6281234567890", "0812 3456 7890"),
        ("62899999999999", "0899 9999 99999"),
        ("62215551234", "(021) 5551234"),
        ("6591234567", "+65 9123 4567"),
        ("819012345678", "+81 90 1234 5678"),
        ("6281912345678901", "+6281912345678901"),
        ("999", "+999"),
    ],
)
def test_a_stored_number_is_shown_readable(stored: str, shown: str) -> None:
    assert readable_phone(stored) == shown


@pytest.mark.parametrize("stored", ["6281234567890", "62899999999999", "62215551234", "6591234567", "819012345678"])
def test_a_number_is_read_back_as_it_was_shown(stored: str) -> None:
    assert canonical_phone(readable_phone(stored)) == stored
