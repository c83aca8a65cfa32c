"""Which callers each route admits, and which errors the OpenAPI document describes."""

import base64
import itertools
import json
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.auth.access import RUNNER_ISSUER, STAFF_ISSUER, api_routes
from chassis.auth.principals import Role, TokenKind
from testkit.driver import Answer, Headers
from testkit.tokens import Issuer

from .registration_driver import RegistrationDriver

_V1 = "/api/registration/v1"


class Audience(Enum):
    """The callers that a route admits."""

    ANYONE = frozenset({"anonymous", *Role, "its runner", "another runner", "a device"})
    STAFF = frozenset(Role)
    ADMIN = frozenset({Role.OWNER, Role.ADMIN})
    FINANCE = frozenset({Role.OWNER, Role.ADMIN, Role.FINANCE})
    RUNNER_OR_STAFF = frozenset({*Role, "its runner"})
    RUNNER_OR_ADMIN = frozenset({Role.OWNER, Role.ADMIN, "its runner"})
    RUNNER = frozenset({"its runner"})


_ACCESS = {
    ("GET", f"{_V1}/events"): Audience.ANYONE,
    ("GET", f"{_V1}/events/{{slug}}"): Audience.ANYONE,
    ("GET", f"{_V1}/catalog"): Audience.STAFF,
    ("GET", f"{_V1}/catalog/{{event_id}}/{{kind}}/{{name}}"): Audience.STAFF,
    ("POST", f"{_V1}/events"): Audience.ADMIN,
    ("PATCH", f"{_V1}/events/{{event_id}}"): Audience.ADMIN,
    ("GET", f"{_V1}/events/{{slug}}/banner/share.jpg"): Audience.ANYONE,
    ("GET", f"{_V1}/events/{{slug}}/banner/{{width}}.webp"): Audience.ANYONE,
    ("GET", f"{_V1}/events/{{slug}}/logo/{{width}}.webp"): Audience.ANYONE,
    ("PUT", f"{_V1}/events/{{event_id}}/banner"): Audience.ADMIN,
    ("DELETE", f"{_V1}/events/{{event_id}}/banner"): Audience.ADMIN,
    ("PUT", f"{_V1}/events/{{event_id}}/logo"): Audience.ADMIN,
    ("DELETE", f"{_V1}/events/{{event_id}}/logo"): Audience.ADMIN,
    ("GET", f"{_V1}/events/{{slug}}/course.gpx"): Audience.ANYONE,
    ("GET", f"{_V1}/catalog/{{event_id}}/course.gpx"): Audience.STAFF,
    ("PUT", f"{_V1}/events/{{event_id}}/course"): Audience.ADMIN,
    ("DELETE", f"{_V1}/events/{{event_id}}/course"): Audience.ADMIN,
    ("POST", f"{_V1}/events/{{event_id}}/categories"): Audience.ADMIN,
    ("PATCH", f"{_V1}/categories/{{category_id}}"): Audience.ADMIN,
    ("DELETE", f"{_V1}/categories/{{category_id}}"): Audience.ADMIN,
    ("GET", f"{_V1}/categories/{{category_id}}/price-phases"): Audience.STAFF,
    ("POST", f"{_V1}/categories/{{category_id}}/price-phases"): Audience.ADMIN,
    ("PUT", f"{_V1}/categories/{{category_id}}/price-phases/order"): Audience.ADMIN,
    ("PATCH", f"{_V1}/price-phases/{{phase_id}}"): Audience.ADMIN,
    ("GET", f"{_V1}/promo-codes"): Audience.FINANCE,
    ("POST", f"{_V1}/promo-codes"): Audience.ADMIN,
    ("POST", f"{_V1}/promo-codes/bulk"): Audience.ADMIN,
    ("GET", f"{_V1}/promo-codes/{{promo_id}}"): Audience.FINANCE,
    ("PATCH", f"{_V1}/promo-codes/{{promo_id}}"): Audience.ADMIN,
    ("GET", f"{_V1}/promo-codes/check"): Audience.ANYONE,
    ("POST", f"{_V1}/registrations"): Audience.ANYONE,
    ("GET", f"{_V1}/registrations"): Audience.STAFF,
    ("GET", f"{_V1}/registrations/{{registration_id}}"): Audience.RUNNER_OR_STAFF,
    ("GET", f"{_V1}/registrations/{{registration_id}}/stream"): Audience.RUNNER_OR_STAFF,
    ("GET", f"{_V1}/registrations/{{registration_id}}/tickets"): Audience.RUNNER_OR_STAFF,
    ("POST", f"{_V1}/registrations/{{registration_id}}/cancel"): Audience.ADMIN,
    ("PATCH", f"{_V1}/registrations/{{registration_id}}/participants/{{participant_id}}"): Audience.RUNNER_OR_ADMIN,
    ("POST", f"{_V1}/registrations/{{registration_id}}/access-code"): Audience.ADMIN,
    ("POST", f"{_V1}/registrations/{{registration_id}}/notes"): Audience.STAFF,
    ("GET", f"{_V1}/registrations/{{registration_id}}/notes"): Audience.STAFF,
    ("GET", f"{_V1}/reports/unreadable"): Audience.STAFF,
    ("POST", f"{_V1}/access"): Audience.ANYONE,
    ("POST", f"{_V1}/access/recover"): Audience.ANYONE,
    ("GET", f"{_V1}/links/{{registration}}/{{code}}"): Audience.ANYONE,
    ("POST", f"{_V1}/waitlist"): Audience.ANYONE,
    ("GET", f"{_V1}/waitlist"): Audience.STAFF,
    ("GET", f"{_V1}/waitlist/{{registration_id}}"): Audience.RUNNER_OR_STAFF,
    ("DELETE", f"{_V1}/waitlist/{{registration_id}}"): Audience.RUNNER_OR_ADMIN,
    ("POST", f"{_V1}/waitlist/{{registration_id}}/accept"): Audience.RUNNER,
    ("POST", f"{_V1}/waitlist/{{registration_id}}/offer"): Audience.ADMIN,
    ("POST", f"{_V1}/waitlist/{{registration_id}}/remove"): Audience.ADMIN,
    ("GET", f"{_V1}/registrations/lookup"): Audience.STAFF,
    ("GET", f"{_V1}/registrations/{{registration_id}}/timeline"): Audience.STAFF,
    ("GET", f"{_V1}/registrations/{{registration_id}}/cancellation"): Audience.ADMIN,
    ("POST", f"{_V1}/registrations/bulk/cancel"): Audience.ADMIN,
    ("GET", f"{_V1}/exports"): Audience.ADMIN,
    ("POST", f"{_V1}/exports"): Audience.ADMIN,
    ("GET", f"{_V1}/exports/{{export_id}}"): Audience.ADMIN,
    ("GET", f"{_V1}/exports/{{export_id}}/file"): Audience.ADMIN,
    **{
        ("GET", f"{_V1}/exports/{kind}.{form}"): Audience.ADMIN
        for kind in ("jerseys", "bibs", "timing", "insurance")
        for form in ("csv", "xlsx")
    },
    ("GET", f"{_V1}/stats"): Audience.STAFF,
    ("GET", f"{_V1}/stats/timeline"): Audience.STAFF,
    ("GET", f"{_V1}/reports/participants"): Audience.STAFF,
    ("GET", f"{_V1}/reports/participants.csv"): Audience.STAFF,
    ("GET", f"{_V1}/reports/participants.xlsx"): Audience.STAFF,
    ("GET", f"{_V1}/participants"): Audience.STAFF,
    ("GET", f"{_V1}/participants.csv"): Audience.ADMIN,
    ("GET", f"{_V1}/participants.xlsx"): Audience.ADMIN,
    ("GET", f"{_V1}/tickets/{{ticket_code}}"): Audience.ANYONE,
    ("GET", f"{_V1}/tickets/{{ticket_code}}.svg"): Audience.ANYONE,
    ("GET", f"{_V1}/tickets/{{ticket_code}}.png"): Audience.ANYONE,
    ("GET", f"{_V1}/jwks.json"): Audience.ANYONE,
    ("GET", f"{_V1}/audit"): Audience.ADMIN,
    ("GET", f"{_V1}/audit.csv"): Audience.ADMIN,
    ("GET", f"{_V1}/queues"): Audience.ADMIN,
    ("GET", f"{_V1}/dead-letters"): Audience.ADMIN,
    ("POST", f"{_V1}/dead-letters/bulk/replay"): Audience.ADMIN,
    ("POST", f"{_V1}/dead-letters/bulk/drop"): Audience.ADMIN,
    ("GET", f"{_V1}/dead-letters/{{dead_letter_id}}"): Audience.ADMIN,
    ("POST", f"{_V1}/dead-letters/{{dead_letter_id}}/replay"): Audience.ADMIN,
    ("DELETE", f"{_V1}/dead-letters/{{dead_letter_id}}"): Audience.ADMIN,
    ("GET", "/health/live"): Audience.ANYONE,
    ("GET", "/health/ready"): Audience.ANYONE,
    ("GET", "/health/late"): Audience.ANYONE,
    ("GET", "/metrics"): Audience.ANYONE,
}


def _routes(driver: RegistrationDriver) -> list[tuple[str, str]]:
    return [(method, route.path or "") for route in api_routes(driver.app) for method in sorted(route.methods or ())]


async def _callers(driver: RegistrationDriver, entry: dict[str, Any]) -> dict[str, Headers]:
    """Return every kind of caller and their headers."""
    another = await driver.register()
    return {
        "anonymous": {},
        **{role: driver.staff(role) for role in Role},
        "its runner": driver.runner_of(entry),
        "another runner": driver.runner_of(another),
        "a device": driver.issuer.device(uuid4()),
    }


def _expected(audience: Audience, caller: str) -> str:
    if caller in audience.value:
        return "admitted"
    return "401" if caller in ("anonymous", "a device") else "403"


async def test_every_route_is_in_the_table(driver: RegistrationDriver) -> None:
    assert sorted(_routes(driver)) == sorted(_ACCESS)


async def test_every_route_admits_its_audience_and_refuses_all_others(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    parts = {"registration_id": entry["registration_id"], "event_id": uuid4(), "category_id": uuid4()}
    parts |= {"participant_id": uuid4(), "registration": "FR5K-00001", "code": "none"}
    parts |= {
        "slug": "none",
        "width": 320,
        "kind": "banner",
        "name": "320.webp",
        "ticket_code": "0" * 32,
        "dead_letter_id": 1,
        "export_id": uuid4(),
        "phase_id": uuid4(),
        "promo_id": uuid4(),
    }
    callers = await _callers(driver, entry)
    wrong = {}
    brief = driver.another_process(stream_max_age_seconds=0.05)
    for (method, path), (caller, headers) in itertools.product(_ACCESS, callers.items()):
        answer = Answer.of(await brief.http.request(method, path.format(**parts), headers=headers))
        got = str(answer.status) if answer.status in (401, 403) else "admitted"
        if answer.status >= 500 or got != _expected(_ACCESS[method, path], caller):
            wrong[method, path, caller] = answer.status
    await brief.close()
    assert wrong == {}
    assert (await driver.show(entry["registration_id"]))["status"] == "pending_payment"


def _unsigned(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': TokenKind.STAFF.value})}.{part(claims)}."


def _good_claims() -> dict[str, Any]:
    return {"iss": STAFF_ISSUER, "aud": "startline", "sub": str(uuid4()), "role": "owner", "exp": 2**33}


def _bad_credentials(issuer: Issuer) -> Iterator[tuple[str, str]]:
    """Yield headers that are refused, with the code of the refusal."""
    good = issuer.staff()["Authorization"]
    head, body, signature = good.removeprefix("Bearer ").split(".")
    kinds = itertools.product(TokenKind, (STAFF_ISSUER, RUNNER_ISSUER))
    for kind, named in kinds:
        if (kind, named) != (TokenKind.STAFF, STAFF_ISSUER):
            yield issuer.headers(kind, named, uuid4(), {"role": "owner"})["Authorization"], "invalid_token"
    yield "Basic b3duZXI6b3duZXI=", "unauthenticated"
    yield "Bearer", "unauthenticated"
    yield "Bearer ", "unauthenticated"
    yield "Bearer not-a-token", "invalid_token"
    yield "Bearer a.b.c", "invalid_token"
    yield "Bearer bnVsbA.e30.x", "invalid_token"
    yield f"Bearer {head}.{body}.", "invalid_token"
    yield f"Bearer {head}.{body[:-2]}AA.{signature}", "invalid_token"
    yield f"Bearer {head}.{body}", "invalid_token"
    yield f"Bearer {_unsigned(**_good_claims())}", "invalid_token"
    yield Issuer().staff()["Authorization"], "invalid_token"
    yield issuer.headers(TokenKind.STAFF, STAFF_ISSUER, uuid4(), {"role": "king"})["Authorization"], "invalid_token"
    yield issuer.headers(TokenKind.STAFF, STAFF_ISSUER, uuid4())["Authorization"], "invalid_token"
    old = issuer.headers(TokenKind.STAFF, STAFF_ISSUER, uuid4(), {"role": "owner"}, lifetime=timedelta(hours=-1))
    yield old["Authorization"], "expired_token"


async def test_bad_tokens_are_refused(driver: RegistrationDriver) -> None:
    assert (await driver.call("GET", "/stats", by=driver.staff())).status == 200
    for credentials, code in _bad_credentials(driver.issuer):
        answer = await driver.call("GET", "/stats", by={"Authorization": credentials})
        assert (answer.status, answer.code) == (401, code), credentials
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_runner_token_of_another_issuer_is_refused(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    path = f"/registrations/{entry['registration_id']}"
    forged = driver.runner(UUID(entry["registration_id"]))
    assert (await driver.call("GET", path, by=forged)).status == 401
    own = driver.runner_of(entry)
    assert (await driver.call("GET", path, by=own)).status == 200
    upper_case = f"/registrations/{entry['registration_id'].upper()}"
    assert (await driver.call("GET", upper_case, by=own)).status == 200


_DESCRIBED = {
    ("post", "/registrations"): {
        "404": {"unknown_category"},
        "409": {
            *("category_full", "already_registered", "registration_not_open", "registration_closed"),
            *("type_not_offered", "request_in_progress"),
        },
        "422": {"idempotency_key_reused"},
        "503": {"too_busy"},
    },
    ("get", "/events/{slug}"): {"404": {"unknown_event"}},
    ("post", "/events"): {"409": {"slug_taken"}},
    ("post", "/events/{event_id}/categories"): {
        "404": {"unknown_event"},
        "409": {"slug_taken", "prefix_taken", "bib_range_overlap"},
    },
    ("patch", "/categories/{category_id}"): {
        "404": {"unknown_category"},
        "409": {
            *("slug_taken", "prefix_taken", "bib_range_overlap"),
            *("quota_below_taken", "bibs_already_given", "numbers_already_given"),
        },
    },
    ("delete", "/categories/{category_id}"): {"404": {"unknown_category"}, "409": {"category_has_registrations"}},
    ("get", "/participants.csv"): {"409": {"download_running"}},
    ("get", "/participants.xlsx"): {"409": {"download_running"}},
    ("get", "/registrations/{registration_id}"): {"404": {"unknown_registration"}},
    ("get", "/registrations/{registration_id}/stream"): {
        "404": {"unknown_registration"},
        "429": {"too_many_streams"},
        "503": {"streams_exhausted"},
    },
    ("get", "/registrations/{registration_id}/tickets"): {"404": {"unknown_registration"}, "409": {"not_verified"}},
    ("post", "/registrations/{registration_id}/cancel"): {"404": {"unknown_registration"}, "409": {"not_cancellable"}},
    ("post", "/waitlist"): {
        "404": {"unknown_category"},
        "409": {
            *("places_available", "already_registered", "already_waiting"),
            *("registration_not_open", "registration_closed", "type_not_offered"),
        },
        "422": {"idempotency_key_reused"},
        "503": {"too_busy"},
    },
    ("get", "/waitlist/{registration_id}"): {"404": {"unknown_waitlist_entry"}},
    ("delete", "/waitlist/{registration_id}"): {"404": {"unknown_waitlist_entry"}, "409": {"not_waiting"}},
    ("post", "/waitlist/{registration_id}/accept"): {
        "404": {"unknown_waitlist_entry"},
        "409": {
            *("no_offer", "offer_expired", "already_registered", "registration_closed", "type_not_offered"),
        },
    },
    ("post", "/waitlist/{registration_id}/offer"): {
        "404": {"unknown_waitlist_entry"},
        "409": {"not_waiting", "registration_closed"},
    },
    ("post", "/waitlist/{registration_id}/remove"): {"404": {"unknown_waitlist_entry"}, "409": {"not_waiting"}},
    ("get", "/tickets/{ticket_code}"): {"404": {"unknown_ticket"}, "429": {"too_many_requests"}},
    ("get", "/tickets/{ticket_code}.svg"): {"404": {"unknown_ticket"}},
    ("get", "/tickets/{ticket_code}.png"): {"404": {"unknown_ticket"}},
}


@pytest.fixture
async def document(driver: RegistrationDriver) -> dict[str, Any]:
    answer = await driver.call("GET", "/openapi.json")
    assert answer.status == 200
    found: dict[str, Any] = answer.body
    return found


async def test_every_error_of_these_routes_is_in_their_description(document: dict[str, Any]) -> None:
    for (method, path), statuses in _DESCRIBED.items():
        responses = document["paths"][f"{_V1}{path}"][method]["responses"]
        for status, codes in statuses.items():
            described = responses[status]["description"]
            assert [code for code in codes if f"`{code}`" not in described] == [], (method, path)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


async def test_the_openapi_document_describes_the_form_and_all_its_references_resolve(
    document: dict[str, Any],
) -> None:
    references = set(_references(document))
    assert "#/components/schemas/RegistrationForm" in references
    for reference in references:
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert isinstance(node, dict), reference
    form = document["components"]["schemas"]["RegistrationForm"]
    assert set(form["required"]) == {"category_id", "registration_type", "participants"}
    participant = document["components"]["schemas"]["ParticipantForm"]
    assert {"full_name", "email", "whatsapp", "identity_number", "is_pic"} <= set(participant["properties"])
    assert document["openapi"].startswith("3.")
    operations = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert len(operations) == len(set(operations))
