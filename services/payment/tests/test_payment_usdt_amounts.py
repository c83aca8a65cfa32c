"""Amounts of USDT: never worth less than the invoice, and exact in the units of a token."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payment.usdt.evm.amounts import MOST_UNITS, from_units, payment_uri, quote_amount, to_units

TOTALS = st.decimals(0, 10**10, places=2)
RATES = st.decimals("0.00000001", "999999999999.99999999", places=8)
PLACES = st.integers(2, 6)
UNITS = st.integers(0, MOST_UNITS)
TOKEN = bytes.fromhex("c2132d05d31c914a87c6611c10748aeb04b58e8f")
OURS = bytes.fromhex("f39fd6e51aad88f6f4ce6ab8827279cfffb92266")


@pytest.mark.parametrize(
    ("total", "rate", "places", "amount"),
    [
        ("350000", "16650", 2, "21.03"),
        ("350000", "16650", 6, "21.021022"),
        ("333000", "16650", 2, "20.00"),
        ("333000.01", "16650", 2, "20.01"),
        ("0", "16650", 2, "0.00"),
        ("0.01", "16650", 2, "0.01"),
    ],
)
def test_an_amount_is_rounded_up(total: str, rate: str, places: int, amount: str) -> None:
    assert str(quote_amount(Decimal(total), Decimal(rate), places)) == amount


@given(TOTALS, RATES, PLACES)
def test_an_amount_is_never_under_and_less_than_one_step_over(total: Decimal, rate: Decimal, places: int) -> None:
    amount = Fraction(quote_amount(total, rate, places))
    step = Fraction(1, 10**places)
    assert amount % step == 0
    assert amount * Fraction(rate) >= Fraction(total)
    assert (amount - step) * Fraction(rate) < Fraction(total)


@given(st.integers(1, 10**12), RATES, PLACES)
def test_an_amount_that_is_exact_is_not_rounded(steps: int, rate: Decimal, places: int) -> None:
    with localcontext(prec=100):
        exact = Decimal(steps).scaleb(-places)
        total = exact * rate
    assert quote_amount(total, rate, places) == exact


@given(TOTALS, RATES)
def test_the_context_of_the_caller_changes_nothing(total: Decimal, rate: Decimal) -> None:
    amount = quote_amount(total, rate, 6)
    units = to_units(amount, 18)
    with localcontext(prec=3):
        assert quote_amount(total, rate, 6) == amount
        assert to_units(amount, 18) == units
        assert from_units(units, 18) == amount


@pytest.mark.parametrize(
    ("total", "rate"), [("1", "0"), ("1", "-16650"), ("-1", "16650"), ("NaN", "1"), ("1", "NaN"), ("1", "Infinity")]
)
def test_an_amount_needs_a_total_and_a_positive_rate(total: str, rate: str) -> None:
    with pytest.raises(ValueError, match="positive rate"):
        quote_amount(Decimal(total), Decimal(rate), 2)


@pytest.mark.parametrize("decimals", [0, 6, 18, 255])
@given(UNITS)
def test_units_are_the_same_after_both_ways(decimals: int, units: int) -> None:
    amount = from_units(units, decimals)
    assert Fraction(amount) == Fraction(units, 10**decimals)
    assert to_units(amount, decimals) == units


@pytest.mark.parametrize("decimals", [6, 18])
@given(TOTALS, RATES, PLACES)
def test_a_quote_is_exact_in_units(decimals: int, total: Decimal, rate: Decimal, places: int) -> None:
    amount = quote_amount(total, rate, places)
    assert from_units(to_units(amount, decimals), decimals) == amount


def test_known_amounts_in_units() -> None:
    assert to_units(Decimal("21.03"), 6) == 21_030_000
    assert to_units(Decimal("21.03"), 18) == 21_030_000_000_000_000_000
    assert to_units(Decimal("2E+1"), 6) == 20_000_000
    assert str(from_units(21_030_000, 6)) == "21.030000"


@pytest.mark.parametrize(
    ("amount", "decimals"),
    [
        ("0.0000001", 6),
        ("1.0000000000000000001", 18),
        ("0.1", 0),
        ("-0.01", 6),
        ("NaN", 6),
        ("sNaN", 6),
        ("Infinity", 6),
        ("1E+72", 6),
        ("1E+999990", 6),
        (f"1.{'0' * 120}1", 6),
    ],
)
def test_what_is_not_exact_in_units_is_refused(amount: str, decimals: int) -> None:
    with pytest.raises(ValueError, match="token"):
        to_units(Decimal(amount), decimals)


@pytest.mark.parametrize("units", [-1, MOST_UNITS + 1])
def test_what_a_token_cannot_count_is_refused(units: int) -> None:
    with pytest.raises(ValueError, match="token"):
        from_units(units, 6)


def test_the_link_for_wallets_names_the_token_the_network_and_the_units() -> None:
    assert payment_uri(TOKEN, 137, OURS, to_units(Decimal("21.03"), 18)) == (
        "ethereum:0xc2132D05D31c914a87C6611C10748AEb04B58e8F@137/transfer"
        "?address=0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266&uint256=21030000000000000000"
    )
