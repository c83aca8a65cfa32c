"""Which language an answer is in, and that every refusal has its words in it."""

from typing import Any, get_args

import httpx
import pytest
from chassis.auth.access import public
from chassis.errors import InvalidFields, StartlineError
from chassis.web.languages import preferred
from chassis.web.models import Body, Day, Line
from chassis.web.refusals import NOT_ACCEPTED, message_for
from chassis.web.routing import Router
from chassis.wording import Language, Refused, Wording
from pydantic_core.core_schema import ErrorType
from testkit.example.service import Browse, BuildApp

ENGLISH, INDONESIAN = Language.ENGLISH, Language.INDONESIAN


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", ENGLISH),
        ("id", INDONESIAN),
        ("ID-id", INDONESIAN),
        ("in", INDONESIAN),
        ("id-ID,id;q=0.9,en-US;q=0.8,en;q=0.7", INDONESIAN),
        ("en-US,en;q=0.9,id;q=0.8", ENGLISH),
        ("en;q=0.8, id", INDONESIAN),
        ("en;q=0.5, id;q=0.5", ENGLISH),
        ("id;q=0.5, en;q=0.5", INDONESIAN),
        ("id;q=0", ENGLISH),
        ("id;q=0.001", INDONESIAN),
        ("de, fr;q=0.9", ENGLISH),
        ("de, id;q=0.1", INDONESIAN),
        ("*", ENGLISH),
        ("*;q=0.5, id;q=0.1", ENGLISH),
        ("idx", ENGLISH),
        ("id;q=2, en;q=0.1", ENGLISH),
        (";;;,,,q=", ENGLISH),
        ("id;q=" + "1" * 5000, ENGLISH),
    ],
)
def test_the_language_that_is_liked_best(accepted: str, language: Language) -> None:
    assert preferred(accepted) is language


class Full(StartlineError):
    """All places are taken."""

    indonesian = "Semua tempat sudah terisi."
    code = "full"


class Form(Body):
    """What is filled in."""

    name: Line
    born: Day | None = None


router = Router(dependencies=[public])


@router.post("/full")
async def full() -> None:
    """Refuse as it is."""
    raise Full


@router.post("/nearly")
async def nearly() -> None:
    """Refuse with more words."""
    raise Full(Wording(en="One is left.", id="Sisa satu."))


@router.post("/fields")
async def fields() -> None:
    """Refuse a field."""
    raise InvalidFields(("name", Wording(en="Write a name.", id="Tulis nama.")))


@router.post("/forms")
async def forms(form: Form) -> str:
    """Take a form."""
    return form.name


@pytest.fixture
def http(build_app: BuildApp, browse: Browse) -> httpx.AsyncClient:
    return browse(build_app(router))


async def _answer(http: httpx.AsyncClient, path: str, language: str | None, **more: Any) -> dict[str, Any]:
    headers = {} if language is None else {"Accept-Language": language}
    answer = await http.post(path, headers=headers, **more)
    assert answer.headers["Content-Language"] == ("id" if language == "id" else "en")
    assert answer.headers["Vary"] == "Accept-Language"
    found: dict[str, Any] = answer.json()
    return found


async def test_a_problem_is_told_in_the_language_of_the_request(http: httpx.AsyncClient) -> None:
    assert (await _answer(http, "/full", None))["detail"] == "All places are taken."
    assert (await _answer(http, "/full", "id"))["detail"] == "Semua tempat sudah terisi."
    assert (await _answer(http, "/full", "id"))["title"] == "Semua tempat sudah terisi."
    assert (await _answer(http, "/nearly", "id"))["detail"] == "Sisa satu."
    assert (await _answer(http, "/nearly", "en"))["detail"] == "One is left."
    assert (await _answer(http, "/fields", "id"))["errors"] == [{"field": "name", "message": "Tulis nama."}]
    assert (await _answer(http, "/nowhere", "id"))["detail"] == "Tidak ditemukan, atau bukan untuk Anda lihat."


async def test_fields_are_refused_in_words_for_who_filled_them_in(http: httpx.AsyncClient) -> None:
    body = {"born": "31-01-1990", "colour": "red"}
    indonesian = {each["field"]: each["message"] for each in (await _answer(http, "/forms", "id", json=body))["errors"]}
    assert indonesian == {
        "name": "Isian ini wajib diisi.",
        "born": "Tulis tanggal seperti 1990-01-31.",
        "colour": "Isian ini tidak dikenal; hapus saja.",
    }
    english = {each["field"]: each["message"] for each in (await _answer(http, "/forms", None, json=body))["errors"]}
    assert english["name"] == "Fill this in."


_CONTEXT = {
    "min_length": 2,
    "max_length": 3,
    "expected": "'m', 'l' or 'xl'",
    **dict.fromkeys(("gt", "ge", "lt", "le"), 7.0),
    **dict.fromkeys(("multiple_of", "decimal_places", "max_digits", "whole_digits"), 2),
}


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_every_kind_of_pydantics_errors_has_our_words(kind: str) -> None:
    error = {"type": kind, "ctx": _CONTEXT, "msg": "Input should be of a pattern '^[a-z]$'"}
    english, indonesian = (message_for(error, language) for language in Language)
    assert english != indonesian
    assert "{" not in english + indonesian
    assert "Input should" not in english + indonesian


def test_numbers_and_choices_are_written_as_people_write_them() -> None:
    at_least = {"type": "greater_than_equal", "ctx": {"ge": 1.0}}
    assert message_for(at_least, ENGLISH) == "This must be at least 1."
    choice = {"type": "enum", "ctx": {"expected": "'m', 'l' or 'xl'"}}
    assert message_for(choice, INDONESIAN) == "Pilih salah satu: 'm', 'l' atau 'xl'."
    assert message_for({"type": "string_too_short", "ctx": {"min_length": 1}}, ENGLISH) == "Fill this in."


def test_what_a_validator_says_itself_comes_first() -> None:
    refused = Refused(Wording(en="Write it.", id="Tulis."))
    assert message_for({"type": "value_error", "ctx": {"error": refused}}, INDONESIAN) == "Tulis."
    assert message_for({"type": "value_error", "ctx": {"error": ValueError("[a-z]+")}}, ENGLISH) == NOT_ACCEPTED.en
