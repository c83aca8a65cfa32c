"""What the form makes of dates, copies and errors."""

import pytest
from chassis.wording import Language, Refused, Wording
from web.register import texts
from web.register.dates import read_day
from web.register.runners import api_errors, errors_of, participants, with_copies

from .registration_api import group, runner


@pytest.mark.parametrize("month", ["8", "08", "Agustus", "agt", "Ags", "AUG", "august"])
def test_a_month_may_be_a_number_or_a_name(month: str) -> None:
    assert read_day("7", month, "1990").isoformat() == "1990-08-07"


@pytest.mark.parametrize(
    ("parts", "wording"),
    [
        (("", "", ""), texts.NO_BIRTH),
        (("7", "", "1990"), texts.INCOMPLETE_BIRTH),
        (("7", "8", "90"), texts.SHORT_YEAR),
        (("7", "8", "19x0"), texts.SHORT_YEAR),
        (("31", "Februari", "1990"), texts.NO_SUCH_DAY),
        (("0", "8", "1990"), texts.NO_SUCH_DAY),
        (("x", "8", "1990"), texts.NO_SUCH_DAY),
        (("7", "13", "1990"), texts.NO_SUCH_DAY),
        (("7", "xyz", "1990"), texts.NO_SUCH_DAY),
        (("²", "8", "1990"), texts.NO_SUCH_DAY),
        (("7", "8", "0000"), texts.NO_SUCH_DAY),
        (("1" * 5_000, "8", "1990"), texts.NO_SUCH_DAY),
    ],
)
def test_a_date_that_is_none_is_refused_in_words(parts: tuple[str, str, str], wording: Wording) -> None:
    with pytest.raises(Refused) as refused:
        read_day(*parts)
    assert refused.value.wording == wording


def test_the_emergency_contact_of_runner_1_is_copied_for_those_who_want_it_and_names_never() -> None:
    typed = {**group(5), **{f"p{n}-emergency_contact_name": "" for n in (2, 3)}, "p2-same_emergency": "yes"}
    sent = participants(with_copies(typed, 5), 5)
    assert [each["emergency_contact_name"] for each in sent] == ["Siti", "Siti", "", "Siti", "Siti"]
    assert len({each["full_name"] for each in sent}) == 5
    assert [each.field for each in errors_of(with_copies(typed, 5), 5, Language.ENGLISH)] == [
        "p3-emergency_contact_name"
    ]


def test_an_empty_contact_of_runner_1_is_wrong_once() -> None:
    typed = {**group(5), "p1-emergency_contact_phone": "", **{f"p{n}-same_emergency": "yes" for n in range(2, 6)}}
    found = errors_of(with_copies(typed, 5), 5, Language.ENGLISH)
    assert [(each.field, each.group) for each in found] == [("p1-emergency_contact_phone", "Runner 1: 1 field")]


@pytest.mark.parametrize(("chosen", "expected"), [("3", 3), ("", 1), ("6", 1), ("0", 1), ("-1", 1), ("x", 1), ("²", 1)])
def test_a_group_has_one_contact_person(chosen: str, expected: int) -> None:
    sent = participants({**group(5), "pic": chosen}, 5)
    assert [number for number, each in enumerate(sent, 1) if each["is_pic"]] == [expected]


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("full_name", ""),
        ("full_name", "123"),
        ("whatsapp", "12"),
        ("email", "budi@"),
        ("gender", ""),
        ("gender", "other"),
        ("jersey_size", ""),
        ("jersey_size", "xxs"),
        ("emergency_contact_phone", "siti"),
    ],
)
def test_a_wrong_field_is_named(field: str, typed: str) -> None:
    found = errors_of({**runner(), f"p1-{field}": typed}, 1, Language.INDONESIAN)
    assert [(each.field, each.group) for each in found] == [(f"p1-{field}", None)]
    assert found[0].message


def test_errors_of_the_api_are_at_the_fields_in_the_order_of_the_form() -> None:
    found = api_errors(
        {
            "participants.9.email": "c",
            "participants.2.identity_number": "b",
            "participants.2.full_name": "a",
            "participants.4": "same",
            "body": "whole",
        },
        10,
        Language.ENGLISH,
    )
    assert [(each.field, each.message, each.group) for each in found] == [
        ("pic", "whole", None),
        ("p3-full_name", "a", "Runner 3: 2 fields"),
        ("p3-identity_number", "b", "Runner 3: 2 fields"),
        ("p5-full_name", "same", "Runner 5: 1 field"),
        ("p10-email", "c", "Runner 10: 1 field"),
    ]
