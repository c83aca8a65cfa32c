"""The wire format, written down: what an older or newer release sends must still be read as it was meant."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from contracts import (
    Event,
    JerseySize,
    Payload,
    PaymentMethod,
    PaymentUploaded,
    RegistrationConfirmed,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationType,
    parse,
)
from contracts.envelope import registered
from testkit.golden import FOLDER, golden, golden_path

KINDS = [pytest.param(kind, id=kind.TYPE) for kind in registered()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_read_and_written_as_its_golden_file_says(kind: type[Payload]) -> None:
    written = json.loads(golden_path(kind).read_bytes())

    event = golden(kind)

    assert isinstance(event.payload, kind)
    assert (event.type, event.version) == (kind.TYPE, kind.VERSION)
    assert json.loads(event.to_bytes()) == written
    assert parse(event.to_bytes()) == event


def test_there_is_one_golden_file_for_each_event_and_no_other() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {golden_path(kind).name for kind in registered()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_golden_file_shows_every_field_of_its_event(kind: type[Payload]) -> None:
    written = json.loads(golden_path(kind).read_bytes())

    assert set(written) == {*Event.model_fields, "event_id"}
    assert set(written["payload"]) == set(kind.model_fields)


@pytest.mark.parametrize("kind", KINDS)
def test_fields_that_a_newer_release_adds_are_passed_over(kind: type[Payload]) -> None:
    written = json.loads(golden_path(kind).read_bytes())
    newer = {**written, "sent_by": "a newer release", "payload": {**written["payload"], "mood": {"happy": True}}}

    assert parse(json.dumps(newer).encode()) == golden(kind)


def test_the_envelope_tells_what_happened_when_and_to_which_registration() -> None:
    event = golden(RegistrationCreated)

    assert event.message_id.version == 4
    assert event.occurred_at == datetime(2027, 1, 2, 2, 15, 0, 123456, tzinfo=UTC)
    assert (event.source, event.correlation_id) == ("registration", event.correlation_id)
    assert event.subject == event.payload.registration_id


def test_a_created_registration_says_whom_to_write_to_and_what_is_owed_until_when() -> None:
    created = golden(RegistrationCreated).payload

    assert (created.total_amount, created.currency) == (Decimal("150000.00"), "IDR")
    assert created.registration_type is RegistrationType.INDIVIDUAL
    assert created.total_participants == created.registration_type.size == len(created.participants)
    assert created.participants[0].whatsapp == "6281234567890"
    assert created.expires_at > golden(RegistrationCreated).occurred_at


def test_a_confirmed_registration_carries_bibs_and_ticket_codes_but_no_addresses() -> None:
    first, second = golden(RegistrationConfirmed).payload.participants

    assert (first.bib_number, second.bib_number) == (1001, 1002)
    assert (first.jersey_size, second.jersey_size) == (JerseySize.M, JerseySize.XXL)
    assert len(bytes.fromhex(first.ticket_code)) == 16
    assert b"@" not in golden_path(RegistrationConfirmed).read_bytes()


def test_money_travels_as_a_string_with_two_decimals() -> None:
    written = json.loads(golden(PaymentUploaded).to_bytes())["payload"]

    assert written["amount"] == "150000.00"
    assert golden(PaymentUploaded).payload.payment_method is PaymentMethod.BANK_TRANSFER


def test_a_refund_that_is_not_due_is_null() -> None:
    assert golden(RegistrationExpired).payload.refund_payment_id is None


def test_the_group_sizes_are_those_that_can_be_bought() -> None:
    assert {kind.value: kind.size for kind in RegistrationType} == {
        "individual": 1,
        "collective_5": 5,
        "collective_10": 10,
    }


def test_an_event_cannot_be_changed_after_it_happened() -> None:
    event = golden(PaymentUploaded)

    for word, field in ((event, "source"), (event.payload, "amount")):
        with pytest.raises(ValueError, match="frozen"):
            setattr(word, field, "something else")
