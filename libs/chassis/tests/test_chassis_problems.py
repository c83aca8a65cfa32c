"""Every failure has an owner, and each is told in the same form."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.auth.access import public
from chassis.database import Database
from chassis.errors import InvalidFields, NotFound, PayloadTooLarge, StartlineError, Unavailable
from chassis.web.dependencies import Read, Work
from chassis.web.models import Amount, Body, Line, Text, View
from chassis.web.problems import errors
from chassis.web.refusals import MISSING
from chassis.web.routing import Router
from chassis.wording import Wording
from fastapi import Query
from fastapi.responses import PlainTextResponse
from pydantic import Field
from sqlalchemy import insert, select, text
from testkit.example.service import Browse, BuildApp
from testkit.example.tables import Runner
from testkit.tcp_proxy import TcpProxy

router = Router(dependencies=[public])


class PlacesTaken(StartlineError):
    """All places are taken."""

    indonesian = "Semua tempat sudah terisi."
    code = "places_taken"


class Form(Body):
    """What a example runner fills in."""

    name: Line
    story: Text | None = None
    number: Annotated[int, Field(ge=1)] = 1
    fee: Amount = Decimal(0)


class Answer(View):
    """A message of the example service to a runner."""

    name: str
    fee: Amount


@router.post("/forms")
async def fill_in(form: Form) -> Answer:
    """Answer with what came."""
    return Answer(name=form.name, fee=form.fee)


@router.get("/runners/{runner_id}")
async def show(runner_id: UUID, session: Read, limit: Annotated[int, Query(ge=1)] = 1) -> dict[str, str]:
    """Look somebody up."""
    found = (await session.execute(select(Runner.email).where(Runner.id == runner_id))).scalar_one_or_none()
    if found is None:
        raise NotFound
    return {"email": found}


@router.post("/emails")
async def store(email: str, work: Work) -> None:
    """Store whatever came, unchecked."""
    await work.session.execute(insert(Runner).values(id=uuid4(), email=email, number=1))


@router.post("/refusals/{kind}", responses=errors(PlacesTaken, NotFound))
async def refuse(kind: str) -> None:
    """Fail in the way that is asked for."""
    raise {
        "taken": PlacesTaken(places_left=3),
        "detailed": PlacesTaken(Wording(en="None left in 5K.", id="Habis di 5K.")),
        "fields": InvalidFields(
            ("participants.0.email", Wording(en="Used twice.", id="Dipakai dua kali.")), ("name", MISSING)
        ),
        "down": Unavailable(Wording(en="The store is down.", id="Penyimpanan mati."), retry_after=7),
        "large": PayloadTooLarge(limit=10),
        "unforeseen": LookupError("sari@example.com"),
        "refused": ConnectionRefusedError("10.0.0.7:5432"),
        "slow": TimeoutError("10.0.0.7"),
    }[kind]


@router.post("/statements")
async def run(statement: str, work: Work) -> None:
    """Run it."""
    await work.session.execute(text(statement))


@router.get("/plain", response_class=PlainTextResponse)
async def plain() -> PlainTextResponse:
    """A page that brings its own caching."""
    return PlainTextResponse("hello", headers={"Cache-Control": "max-age=5"})


@pytest.fixture
def http(build_app: BuildApp, browse: Browse) -> httpx.AsyncClient:
    return browse(build_app(router))


@pytest.fixture
def stored(build_app: BuildApp, browse: Browse, database: Database) -> httpx.AsyncClient:
    """The same with a database."""
    return browse(build_app(router, on=database))


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer's problem document, which must be whole."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert (found["status"], found["code"], found["type"]) == (status, code, f"urn:startline:problem:{code}")
    assert found["title"]
    assert found["detail"]
    assert isinstance(found["errors"], list)
    assert found["correlation_id"] == answer.headers["x-correlation-id"]
    return found


def fields(found: dict[str, Any]) -> list[str]:
    return [each["field"] for each in found["errors"]]


async def test_an_error_of_ours_tells_its_code_its_detail_and_what_is_needed_to_act(http: httpx.AsyncClient) -> None:
    found = problem(await http.post("/refusals/taken"), 409, "places_taken")
    assert (found["title"], found["detail"], found["places_left"]) == ("Places taken", "All places are taken.", 3)

    found = problem(await http.post("/refusals/detailed"), 409, "places_taken")
    assert found["detail"] == "None left in 5K."

    found = problem(await http.post("/refusals/fields"), 422, "invalid_fields")
    assert found["errors"] == [
        {"field": "participants.0.email", "message": "Used twice."},
        {"field": "name", "message": "Fill this in."},
    ]
    assert problem(await http.post("/refusals/large"), 413, "payload_too_large")["limit"] == 10


async def test_when_something_is_down_the_answer_says_when_to_come_back(http: httpx.AsyncClient) -> None:
    answer = await http.post("/refusals/down")

    assert problem(answer, 503, "unavailable")["detail"] == "The store is down."
    assert answer.headers["Retry-After"] == "7"


async def test_every_wrong_field_is_named_at_once(http: httpx.AsyncClient) -> None:
    body = {"story": "x\x00y", "number": 0, "fee": "1.234", "colour": "red"}

    found = problem(await http.post("/forms", json=body), 422, "invalid_fields")

    assert sorted(fields(found)) == ["colour", "fee", "name", "number", "story"]


async def test_wrong_parts_of_the_address_are_named_too(http: httpx.AsyncClient) -> None:
    found = problem(await http.get("/runners/seven", params={"limit": "0"}), 422, "invalid_fields")

    assert sorted(fields(found)) == ["limit", "runner_id"]


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"null", b"{}"])
async def test_a_body_of_the_wrong_shape_is_invalid(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/forms", content=body, headers={"Content-Type": "application/json"})

    assert fields(problem(answer, 422, "invalid_fields"))


@pytest.mark.parametrize("body", [b"{", b"not json", b'{"name": }', b"{'name': 1}"])
async def test_a_body_that_is_no_json_is_malformed(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/forms", content=body, headers={"Content-Type": "application/json"})

    problem(answer, 400, "malformed_json")


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b"[" * 30_000,
        b'{"name": "\\ud800"}',
        b'{"name": "x", "\\ud800": 1}',
        b'{"name": "x", "number": 1e400}',
        b'{"name": "x", "number": NaN}',
        b'{"name": "x", "fee": NaN}',
        b'{"name": "x", "fee": "Infinity"}',
        b'{"name": "x", "number": ' + b"9" * 6000 + b"}",
        b'{"name": "\\u0000"}',
    ],
    ids=["bytes", "deep", "surrogate", "surrogate name", "huge", "nan", "nan fee", "infinite", "long", "nul"],
)
async def test_no_body_however_odd_is_our_fault(http: httpx.AsyncClient, body: bytes) -> None:
    answer = await http.post("/forms", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 422), answer.text
    problem(answer, answer.status_code, answer.json()["code"])


async def test_money_is_a_string_with_two_decimals_and_text_is_trimmed(http: httpx.AsyncClient) -> None:
    answer = await http.post("/forms", json={"name": "  Sari  ", "fee": "150000"})

    assert answer.json() == {"name": "Sari", "fee": "150000.00"}


async def test_what_is_not_there_is_not_found(stored: httpx.AsyncClient) -> None:
    problem(await stored.get("/nowhere"), 404, "not_found")
    problem(await stored.get("/%00/%ff"), 404, "not_found")
    problem(await stored.get(f"/runners/{uuid4()}"), 404, "not_found")


async def test_a_method_that_is_not_there_says_which_are(http: httpx.AsyncClient) -> None:
    answer = await http.put("/plain")

    problem(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET"


async def test_what_nobody_foresaw_is_a_500_that_gives_nothing_away(http: httpx.AsyncClient, logs: list[Any]) -> None:
    answer = await http.post("/refusals/unforeseen")

    assert problem(answer, 500, "internal_error")["detail"] == "Something went wrong on our side."
    assert "sari" not in answer.text
    assert "LookupError" not in answer.text
    (entry,) = [log for log in logs if log["log_level"] == "error"]
    assert (entry["event"], entry["error"]) == ("unforeseen_error", "LookupError")


@pytest.mark.parametrize("kind", ["refused", "slow"])
async def test_a_dependency_that_does_not_answer_is_a_503_that_names_no_address(
    http: httpx.AsyncClient, kind: str
) -> None:
    answer = await http.post(f"/refusals/{kind}")

    problem(answer, 503, "unavailable")
    assert "10.0.0.7" not in answer.text


async def test_with_the_database_away_the_answer_is_503_and_then_as_before(
    build_app: BuildApp, browse: Browse, wired: Database, proxy: TcpProxy
) -> None:
    http = browse(build_app(router, on=wired))
    path = f"/runners/{uuid4()}"
    problem(await http.get(path), 404, "not_found")

    await proxy.disconnect()
    answers = [await http.get(path), await http.get("http://startline.test/health/late")]
    ready = await http.get("http://startline.test/health/ready")
    live = await http.get("http://startline.test/health/live")
    assert [problem(answer, 503, "unavailable")["code"] for answer in answers]
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "database": False})
    assert (live.status_code, live.json()) == (200, {"live": True})

    await proxy.connect()
    problem(await http.get(path), 404, "not_found")


async def test_what_the_database_cannot_hold_is_the_callers_to_change(stored: httpx.AsyncClient) -> None:
    problem(await stored.post("/emails", params={"email": "sari\x00@example.com"}), 422, "invalid_fields")
    problem(await stored.post("/emails", params={"email": "x" * 51}), 422, "invalid_fields")
    problem(
        await stored.post("/statements", params={"statement": "SELECT CAST('x' AS integer)"}), 422, "invalid_fields"
    )


async def test_a_duplicate_that_no_rule_foresaw_is_a_500_that_quotes_nobody(stored: httpx.AsyncClient) -> None:
    assert (await stored.post("/emails", params={"email": "sari@example.com"})).status_code == 200

    answer = await stored.post("/emails", params={"email": "sari@example.com"})

    problem(answer, 500, "internal_error")
    assert "sari" not in answer.text
    assert "runners" not in answer.text


def test_the_openapi_document_lists_the_errors_of_a_route(build_app: BuildApp) -> None:
    document = build_app(router).openapi()

    described = document["paths"]["/api/payment/v1/refusals/{kind}"]["post"]["responses"]
    assert described["409"]["description"] == "`places_taken`"
    assert described["404"]["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")
