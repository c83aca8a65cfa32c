"""Reading what came over the wire: what is refused, and with which name."""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from contracts import Event, MalformedEvent, Payload, RegistrationCreated, UnknownEvent, parse, parse_head
from contracts.envelope import registered
from hypothesis import given
from hypothesis import strategies as st
from testkit.golden import golden, golden_path

GOLDEN: dict[str, Any] = json.loads(golden_path(RegistrationCreated).read_bytes())


def _bytes(**changes: Any) -> bytes:
    return json.dumps({**GOLDEN, **changes}).encode()


def _with_payload(**changes: Any) -> bytes:
    return _bytes(payload={**GOLDEN["payload"], **changes})


_IDS = {"message_id", "event_id"}


@pytest.mark.parametrize("missing", sorted(GOLDEN.keys() - _IDS))
def test_an_envelope_without_one_of_its_fields_is_malformed(missing: str) -> None:
    body = json.dumps({name: value for name, value in GOLDEN.items() if name != missing}).encode()

    with pytest.raises(MalformedEvent, match=missing):
        parse(body)


def test_an_envelope_without_an_id_is_malformed() -> None:
    body = json.dumps({name: value for name, value in GOLDEN.items() if name not in _IDS}).encode()

    with pytest.raises(MalformedEvent, match="message_id"):
        parse(body)


@pytest.mark.parametrize("missing", sorted(_IDS))
def test_the_id_is_read_from_messages_of_older_releases_and_of_later_ones(missing: str) -> None:
    """Older releases write and read `event_id` only; a later one may leave it out."""
    body = json.dumps({name: value for name, value in GOLDEN.items() if name != missing}).encode()

    assert parse(body) == golden(RegistrationCreated)
    assert str(parse_head(body).message_id) == GOLDEN["event_id"]
    written = json.loads(parse(body).to_bytes())
    assert written["message_id"] == written["event_id"] == GOLDEN["event_id"]


@pytest.mark.parametrize("missing", sorted(n for n, f in RegistrationCreated.model_fields.items() if f.is_required()))
def test_a_payload_without_one_of_its_fields_is_malformed(missing: str) -> None:
    payload = {name: value for name, value in GOLDEN["payload"].items() if name != missing}

    with pytest.raises(MalformedEvent, match=missing):
        parse(_bytes(payload=payload))


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("message_id", _bytes(message_id="42")),
        ("occurred_at", _bytes(occurred_at="2027-01-02T02:15:00")),
        ("occurred_at", _bytes(occurred_at="yesterday")),
        ("subject", _bytes(subject=None)),
        ("version", _bytes(version="one")),
        ("payload", _bytes(payload=[])),
        ("total_amount", _with_payload(total_amount="a lot")),
        ("total_amount", _with_payload(total_amount="NaN")),
        ("registration_type", _with_payload(registration_type="")),
        ("registration_type", _with_payload(registration_type="x" * 51)),
        ("registration_type", _with_payload(registration_type=7)),
        ("expires_at", _with_payload(expires_at="2027-01-03T02:15:00")),
        ("participants", _with_payload(participants={"0": {}})),
    ],
)
def test_a_wrong_value_is_malformed_and_the_field_is_named(field: str, body: bytes) -> None:
    with pytest.raises(MalformedEvent, match=field):
        parse(body)


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b"null", b"{", b"\xff\xfe", b'{"type": 1, "version": 1}', b"[" * 5000]
)
def test_what_is_no_event_at_all_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        parse(body)


@given(st.binary(max_size=200))
def test_no_bytes_whatever_get_another_answer_than_malformed_or_unknown(body: bytes) -> None:
    with pytest.raises((MalformedEvent, UnknownEvent)):
        parse(body)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": 2}, "registration.created v2"),
        ({"version": 0}, "registration.created v0"),
        ({"type": "registration.transferred"}, "registration.transferred v1"),
        ({"type": "RegistrationCreated"}, "RegistrationCreated v1"),
    ],
)
def test_a_type_or_version_without_a_word_is_unknown_even_when_the_rest_is_strange(
    changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(UnknownEvent, match=told):
        parse(_bytes(**changes, payload={"nothing": "we know"}))


def test_the_head_is_readable_for_a_type_and_version_of_a_newer_release() -> None:
    head = parse_head(_bytes(type="registration.transferred", version=7, payload={"nothing": "we know"}))

    assert (head.type, head.version, str(head.message_id)) == ("registration.transferred", 7, GOLDEN["event_id"])
    assert head.correlation_id == GOLDEN["correlation_id"]


@pytest.mark.parametrize("body", [b"{}", b"\xff", _bytes(message_id="42"), _bytes(type=None)])
def test_a_body_without_a_head_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        parse_head(body)


def test_the_reason_for_a_refusal_quotes_no_personal_data() -> None:
    people = [{**GOLDEN["payload"]["participants"][0], "is_pic": "perhaps", "whatsapp": 81234567890}]

    with pytest.raises(MalformedEvent) as refused:
        parse(_with_payload(participants=people))

    assert "is_pic" in str(refused.value)
    for quoted in ("perhaps", "Sari", "sari@example.com", "81234567890"):
        assert quoted not in str(refused.value)


def test_a_new_event_takes_type_and_version_from_its_payload_and_an_id_of_its_own() -> None:
    payload, subject = golden(RegistrationCreated).payload, uuid4()
    now = datetime(2027, 1, 2, tzinfo=UTC)

    first, second = (
        Event[Any].of(payload, source="registration", subject=subject, occurred_at=now, correlation_id="web-1")
        for _ in range(2)
    )

    assert (first.type, first.version, first.subject) == ("registration.created", 1, subject)
    assert first.message_id != second.message_id
    assert parse(first.to_bytes()) == first


def test_two_payloads_cannot_claim_the_same_type_and_version() -> None:
    with pytest.raises(TypeError, match="taken by RegistrationCreated"):

        class Impostor(Payload):
            TYPE: ClassVar[str] = "registration.created"

    assert [kind.TYPE for kind in registered()].count("registration.created") == 1
