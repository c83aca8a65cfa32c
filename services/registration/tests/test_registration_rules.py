"""The rules alone: no database, no clock, every case."""

import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from contracts import RegistrationType
from hypothesis import assume, given
from hypothesis import strategies as st
from registration.catalog.rules import CategorySnapshot
from registration.entries.people import person_key
from registration.entries.rules import (
    IllegalTransition,
    Status,
    Trigger,
    next_status,
    registration_number,
)
from registration.places.rules import burned_places, fitting

_ALLOWED = {
    ("pending_payment", "proof_uploaded"): "payment_uploaded",
    ("pending_payment", "payment_verified"): "payment_verified",
    ("pending_payment", "deadline_passed"): "expired",
    ("pending_payment", "staff_cancels"): "cancelled",
    ("payment_uploaded", "payment_verified"): "payment_verified",
    ("pending_payment", "deadline_moved"): "pending_payment",
    ("payment_uploaded", "payment_rejected"): "pending_payment",
    ("payment_uploaded", "staff_cancels"): "cancelled",
    ("payment_verified", "staff_cancels"): "cancelled",
    ("expired", "proof_uploaded"): "payment_uploaded",
    ("expired", "payment_rejected"): "pending_payment",
    ("expired", "deadline_moved"): "pending_payment",
    ("expired", "payment_verified"): "payment_verified",
    ("cancelled", "payment_verified"): "payment_verified",
}
_BORN = date(1990, 1, 31)


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("status", Status)
def test_every_status_meets_every_trigger(status: Status, trigger: Trigger) -> None:
    expected = _ALLOWED.get((status.value, trigger.value))
    if expected is not None:
        assert next_status(status, trigger) == expected
        return
    with pytest.raises(IllegalTransition) as refusal:
        next_status(status, trigger)
    assert (refusal.value.current, refusal.value.trigger) == (status, trigger)


def test_only_ended_registrations_hold_no_places() -> None:
    assert {status for status in Status if not status.holds_places} == {Status.EXPIRED, Status.CANCELLED}


@pytest.mark.parametrize(
    ("sequence", "number"), [(1, "FR5K-00001"), (42, "FR5K-00042"), (99_999, "FR5K-99999"), (123_456, "FR5K-123456")]
)
def test_a_registration_number_is_a_prefix_and_a_padded_sequence(sequence: int, number: str) -> None:
    assert registration_number("FR5K", sequence) == number


@st.composite
def _category(draw: st.DrawFn) -> dict[str, int]:
    """Draw counts that the places table allows, and a verified registration of it that gets cancelled."""
    quota = draw(st.integers(1, 60))
    confirmed = draw(st.integers(1, quota))
    burned = draw(st.integers(0, quota - confirmed))
    waiting = quota - burned - confirmed
    return {
        "cancelled": draw(st.integers(1, confirmed)),
        "quota": quota,
        "burned": burned,
        "confirmed": confirmed,
        "bibs_left": draw(st.integers(waiting, waiting + 20)),
    }


@given(_category())
def test_after_a_cancellation_there_is_a_bib_for_every_place_that_may_still_be_given(counts: dict[str, int]) -> None:
    burned = burned_places(**counts)
    to_be_given = counts["quota"] - counts["burned"] - (counts["confirmed"] - counts["cancelled"])
    assert 0 <= burned <= counts["cancelled"]
    assert counts["bibs_left"] >= to_be_given - burned
    if burned:  # one burned place fewer, and a place would have no BIB
        assert counts["bibs_left"] < to_be_given - (burned - 1)


_SAME_NAME = [
    "BUDI SANTOSO",
    "budi santoso",
    "  Budi   Santoso ",
    "Budi\u00a0Santoso",
    "Budi\tSantoso",
    "\uff22\uff55\uff44\uff49 Santoso",  # full-width letters
]


@pytest.mark.parametrize("name", _SAME_NAME)
def test_spelling_does_not_make_another_person(name: str) -> None:
    assert person_key(name, _BORN, None) == person_key("Budi Santoso", _BORN, None)


def test_composed_and_decomposed_letters_are_the_same_name() -> None:
    name = "Ren\u00e9e Stra\u00dfe"
    assert person_key(unicodedata.normalize("NFD", name), _BORN, None) == person_key(name, _BORN, None)
    assert person_key("RENÉE STRASSE", _BORN, None) == person_key(name, _BORN, None)


def test_another_name_or_birthday_is_another_person() -> None:
    keys = {
        person_key("Budi Santoso", _BORN, None),
        person_key("Budi Santosa", _BORN, None),
        person_key("Budi Santoso", date(1990, 2, 1), None),
        person_key("Budi Santoso", _BORN, "3174010190000001"),
    }
    assert len(keys) == 4


def test_spaces_and_punctuation_of_a_name_do_not_count() -> None:
    spellings = ("Siti Nur-Aini", "siti nuraini", "SITINURAINI", "Siti  Nur\u2019aini.")
    assert len({person_key(each, _BORN, None) for each in spellings}) == 1


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Dang Lukasz\u2122",
            "\u00b0Dang Lukasz",
            "Dang \u00a7 Lukasz",
            "Dang\u00b6Lukasz",
            "Dang Lukasz \u2713",
            "Dang Lukasz \U0001f3c3",
        ),
        *(
            "\u0110\u1eb7ng \u0141ukasz",
            "dang \u0142ukasz",
            "D\u0301ang Lukasz\u20dd",
            "Dang\u00b4Lukasz",
            "Dang \u02bbLukasz",
            "Dang Lukasz \u2764\ufe0f",
        ),
        *("\uff24ang \U0001d40bukasz", "Dang\u30fbLukasz", "Dang Lukasz\u20ac", "Dang Lukasz\u0903"),
    ],
)
def test_symbols_marks_accents_and_strokes_of_a_name_do_not_count(name: str) -> None:
    assert person_key(name, _BORN, None) == person_key("Dang Lukasz", _BORN, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u738b\u4f1f", "\u6c6a\u4f1f"),
        ("\u738b\u4f1f", "Wang Wei"),
        ("\u0418\u0432\u0430\u043d", "Ivan"),
        ("\u30ab\u30ca", "\u30ac\u30ca"),
        ("\u0645\u062d\u0645\u062f", "\u0645\u062d\u0645\u0648\u062f"),
        ("\uae40\ubbfc", "\uae40\ubb38"),
    ],
)
def test_names_of_other_scripts_are_not_transliterated(one: str, other: str) -> None:
    assert person_key(one, _BORN, None) != person_key(other, _BORN, None)


@given(st.text(st.characters(categories=["P", "S", "M", "Zs", "Cf", "Cc"]), max_size=10), st.integers(0, 4))
def test_only_letters_and_digits_of_a_name_count(added: str, at: int) -> None:
    assert person_key("Budi"[:at] + f"-{added}-" + "Budi"[at:], _BORN, None) == person_key("Budi", _BORN, None)


@pytest.mark.parametrize(
    "number", ["3174-0101-9000-0001", " 3174 0101 9000 0001 ", "3174.0101.9000/0001", "31740101_90000001"]
)
def test_punctuation_of_an_identity_number_does_not_count(number: str) -> None:
    assert person_key("Anybody", _BORN, number) == person_key("Somebody else", date(1970, 1, 1), "3174010190000001")


def test_letters_of_an_identity_number_have_no_case() -> None:
    assert person_key("Budi", _BORN, "a 123-bc") == person_key("Budi", _BORN, "A123BC")


@pytest.mark.parametrize("number", [None, "", "   ", "---", "./_"])
def test_an_empty_identity_number_falls_back_to_name_and_birthday(number: str | None) -> None:
    assert person_key("Budi Santoso", _BORN, number) == person_key("budi santoso", _BORN, None)


@given(st.text(), st.dates(), st.none() | st.text())
def test_a_person_key_always_fits_its_column(name: str, born: date, number: str | None) -> None:
    assume(not any(unicodedata.category(letter) == "Cs" for letter in name + (number or "")))
    key = person_key(name, born, number)
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")


_SIZES = st.lists(st.sampled_from([1, 5, 10]), max_size=40)


@given(_SIZES, st.integers(0, 120))
def test_never_more_places_are_promised_than_there_are(sizes: list[int], places: int) -> None:
    answers = fitting(sizes, places)
    assert len(answers) == len(sizes)
    assert sum(size for size, fits in zip(sizes, answers, strict=True) if fits) <= places


@given(_SIZES, st.integers(0, 120))
def test_exactly_the_requests_that_fit_after_the_earlier_ones_are_admitted(sizes: list[int], places: int) -> None:
    left = places
    for size, fits in zip(sizes, fitting(sizes, places), strict=True):
        assert fits == (size <= left)
        left -= size if fits else 0


@given(_SIZES, _SIZES, st.integers(0, 120))
def test_later_requests_change_nothing_for_earlier_ones(first: list[int], later: list[int], places: int) -> None:
    assert fitting([*first, *later], places)[: len(first)] == fitting(first, places)


def _snapshot(**fields: Any) -> CategorySnapshot:
    values: dict[str, Any] = {
        "category_id": uuid4(),
        "category_name": "5K",
        "event_id": uuid4(),
        "event_name": "Jakarta Fun Run",
        "event_date": date(2030, 5, 1),
        "location": "Senayan",
        "timezone": "Asia/Jakarta",
        "race_revision": 1,
        "prefix": "FR5K",
        "currency": "IDR",
        "prices": {
            RegistrationType.INDIVIDUAL: Decimal("150000.00"),
            RegistrationType.COLLECTIVE_5: Decimal("140000.50"),
            RegistrationType.COLLECTIVE_10: None,
        },
        "is_active": True,
        "opens_at": None,
        "closes_at": None,
        "payment_deadline": timedelta(hours=24),
    }
    return CategorySnapshot(**{**values, **fields})


def _amount(category: CategorySnapshot, kind: RegistrationType) -> Decimal | None:
    quote = category.quote(kind, _OPENS)
    return None if quote is None else quote.amount


def test_a_price_is_for_all_participants_together() -> None:
    category = _snapshot()
    assert _amount(category, RegistrationType.INDIVIDUAL) == Decimal("150000.00")
    assert _amount(category, RegistrationType.COLLECTIVE_5) == Decimal("700002.50")
    assert _amount(category, RegistrationType.COLLECTIVE_10) is None


def test_a_free_run_costs_nothing_and_is_still_offered() -> None:
    free = _snapshot(prices=dict.fromkeys(RegistrationType, Decimal("0.00")))
    assert [_amount(free, kind) for kind in RegistrationType] == [Decimal(0)] * 3


_OPENS = datetime(2030, 1, 1, 3, tzinfo=UTC)
_CLOSES = datetime(2030, 2, 1, 3, tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("now", "not_open_yet", "closed"),
    [
        (_OPENS - _MOMENT, True, False),
        (_OPENS, False, False),
        (_CLOSES - _MOMENT, False, False),
        (_CLOSES, False, True),
    ],
)
def test_registration_is_open_from_its_opening_until_just_before_its_close(
    now: datetime, not_open_yet: bool, closed: bool
) -> None:
    category = _snapshot(opens_at=_OPENS, closes_at=_CLOSES)
    assert (category.not_open_yet(now), category.closed(now)) == (not_open_yet, closed)


def test_without_times_registration_is_open_as_long_as_it_is_active() -> None:
    assert not _snapshot().not_open_yet(_OPENS)
    assert not _snapshot().closed(_CLOSES)
    assert _snapshot(is_active=False).not_open_yet(_OPENS)


def test_messages_name_the_race_the_way_the_offer_does() -> None:
    category = _snapshot()
    assert (category.event.event_id, category.event.name, category.event.event_date) == (
        category.event_id,
        "Jakarta Fun Run",
        date(2030, 5, 1),
    )
