"""The number of a ticket is unique, and leads back to the registration and the participant."""

import pytest
from contracts import TicketNumber
from hypothesis import given
from hypothesis import strategies as st

_PREFIXES = st.text("AB1-_", min_size=1, max_size=6)
_SEQUENCES = st.one_of(st.integers(1, 99_999), st.integers(100_000, 1_100_000))
_NUMBERS = st.builds(lambda prefix, sequence: f"{prefix}-{sequence:05d}", _PREFIXES, _SEQUENCES)
_TICKETS = st.builds(TicketNumber, _NUMBERS, st.integers(1, 10))


@pytest.mark.parametrize(
    ("registration_number", "sequence", "shown"),
    [
        ("FR5K-00042", 1, "TIX-FR5K00042-01"),
        ("FR5K-00042", 10, "TIX-FR5K00042-10"),
        ("FR_5K-00042", 2, "TIX-FR_5K00042-02"),
        ("FR5K-2027-00042", 3, "TIX-FR5K-2027-00042-03"),
        ("FR5K-100042", 4, "TIX-FR5K-100042-04"),
        ("TIX-00042", 5, "TIX-TIX00042-05"),
    ],
)
def test_a_number_is_written_from_registration_and_position(
    registration_number: str, sequence: int, shown: str
) -> None:
    ticket = TicketNumber(registration_number, sequence)
    assert str(ticket) == shown
    for typed in (shown, shown.lower(), f" {shown}\n"):
        assert TicketNumber.parse(typed) == ticket


@given(_TICKETS)
def test_each_number_leads_back_to_its_ticket(ticket: TicketNumber) -> None:
    assert TicketNumber.parse(str(ticket)) == ticket


@pytest.mark.parametrize(
    ("one", "other"),
    [("FR-5K-00042", "FR5K-00042"), ("A-100042", "A1-00042"), ("A-100042", "A-1-00042"), ("A--00042", "A-00042")],
)
def test_registrations_that_differ_in_dashes_have_different_numbers(one: str, other: str) -> None:
    assert str(TicketNumber(one, 1)) != str(TicketNumber(other, 1))


def test_the_dash_of_the_registration_number_may_be_typed() -> None:
    assert TicketNumber.parse("tix-fr5k-00042-01") == TicketNumber("FR5K-00042", 1)


@pytest.mark.parametrize(
    "text",
    [
        *("", "TIX", "TIX-", "TIX-FR5K00042", "FR5K-00042", "TIX-00042", "FR5K00042-01", "TIX-FR5K00042-1"),
        *("TIX-FR5K00042-00", "TIX-FR5K00042-001", "TIX-FR5K-01", "TIX-00042-01", "TIX-FR 5K00042-01", "TIX-É00042-01"),
        "TIX-FR5K00042-\u0661\u0662",
    ],
)
def test_other_texts_are_no_ticket_number(text: str) -> None:
    assert TicketNumber.parse(text) is None
