"""A field of the participant form is in every list that repeats the fields; see docs/how-to/participant-field.md."""

from collections.abc import Mapping
from dataclasses import fields

import pytest
from registration.admission import insert
from registration.admission.forms import ParticipantForm
from registration.corrections.api import Correction
from registration.entries.api import ParticipantView
from registration.entries.people import Person
from registration.entries.person_columns import PERSON_ARRAYS, PERSON_COLUMNS
from registration.entries.queries import EXPORT_COLUMNS
from registration.entries.tables import Participant
from registration.waitlist import commands as waitlist
from registration.waitlist.tables import WaitlistParticipant

_PERSON = frozenset(field.name for field in fields(Person))
_COMPUTED = frozenset({"id", "person_key", "search_text"})

_LISTS: Mapping[str, frozenset[str]] = {
    "Person": _PERSON,
    "participants": frozenset(Participant.__table__.columns.keys()),
    "waitlist_participants": frozenset(WaitlistParticipant.__table__.columns.keys()),
    "inserted columns": frozenset(PERSON_COLUMNS.split(", ")),
    "export": frozenset(name for name, _ in EXPORT_COLUMNS),
    "view": frozenset(ParticipantView.model_fields),
    "correction": frozenset(Correction.model_fields) | {"is_pic"},
}


class _LongerForm(ParticipantForm):
    blood_type: str


def _missing(form: type[ParticipantForm], listed: frozenset[str]) -> set[str]:
    return set(form.model_fields) - listed


@pytest.mark.parametrize("name", _LISTS)
def test_every_list_has_all_fields_of_the_form(name: str) -> None:
    assert _missing(ParticipantForm, _LISTS[name]) == set()


@pytest.mark.parametrize("name", _LISTS)
def test_a_field_that_is_only_in_the_form_is_missing_everywhere(name: str) -> None:
    """The negative control."""
    assert _missing(_LongerForm, _LISTS[name]) == {"blood_type"}


def test_a_person_has_the_fields_of_the_form_and_what_is_computed_from_them() -> None:
    assert set(ParticipantForm.model_fields) | _COMPUTED == _PERSON


def test_both_tables_have_the_same_columns_of_a_person() -> None:
    here, there = (table.__table__.columns for table in (Participant, WaitlistParticipant))
    for name in _PERSON | {"position", "live"}:
        assert (str(here[name].type), here[name].nullable) == (str(there[name].type), there[name].nullable)


def test_both_ways_to_become_a_participant_insert_these_columns() -> None:
    assert insert._INSERT.text.count(PERSON_COLUMNS) == 3
    assert PERSON_ARRAYS in insert._INSERT.text
    assert waitlist._PARTICIPANTS.text.count(PERSON_COLUMNS) == 2
