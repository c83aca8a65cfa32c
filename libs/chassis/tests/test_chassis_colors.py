"""Brand colours: contrast by the formula of WCAG 2, and which colours carry text."""

import pytest
from chassis.colors import ENOUGH_CONTRAST, INKS, carries_text, contrast, ink_on
from hypothesis import given
from hypothesis import strategies as st

COLORS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ff0000", "#ffffff", 3.998),
        ("#0000ff", "#ffffff", 8.592),
        ("#767676", "#ffffff", 4.542),
        ("#777777", "#ffffff", 4.478),
    ],
)
def test_the_contrast_of_known_pairs(one: str, other: str, ratio: float) -> None:
    """#767676 is the lightest grey that passes on white."""
    assert contrast(one, other) == pytest.approx(ratio, abs=0.0006)


@given(COLORS, COLORS)
def test_contrast_is_the_same_both_ways_and_between_1_and_21(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21.0000001
    assert contrast(one, one) == 1


@pytest.mark.parametrize("color", ["#000000", "#ffffff", "#0b5fff", "#767676", "#ffbf47", "#ff6600", "#e60023"])
def test_a_dark_colour_carries_white_and_a_light_one_near_black(color: str) -> None:
    assert carries_text(color)


@pytest.mark.parametrize("color", ["#7a7a7a", "#e0393e", "#7f7f7f"])
def test_a_colour_in_between_carries_neither(color: str) -> None:
    assert max(contrast(color, ink) for ink in INKS) < ENOUGH_CONTRAST
    assert not carries_text(color)


def test_with_black_ink_every_colour_would_pass() -> None:
    """The control: why the dark ink is the one that pages use."""
    assert max(contrast("#7a7a7a", ink) for ink in ("#ffffff", "#000000")) > ENOUGH_CONTRAST


@pytest.mark.parametrize(("color", "ink"), [("#0b5fff", "#ffffff"), ("#ffbf47", "#15191f"), ("#c2341d", "#ffffff")])
def test_the_ink_is_the_one_that_can_be_read(color: str, ink: str) -> None:
    assert ink_on(color) == ink
