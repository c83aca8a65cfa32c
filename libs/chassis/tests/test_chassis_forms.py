"""Forms are read in UTF-8 only."""

from typing import Any

import httpx
import pytest
from chassis.auth.access import public
from chassis.web.application import build_http_app
from chassis.web.forms import form_of, urlencoded_of
from chassis.web.routing import Router
from fastapi import Request

FORM = '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n{}\r\n--b--\r\n'
router = Router(dependencies=[public])


@router.post("/named")
async def named(request: Request) -> Any:
    """Return the field `name`."""
    async with form_of(request, max_fields=2) as form:
        return {"name": form["name"]}


@router.post("/plain")
async def plain(request: Request) -> Any:
    """Return all fields."""
    return await urlencoded_of(request, max_fields=3)


async def send_plain(content: bytes, kind: str = "application/x-www-form-urlencoded") -> httpx.Response:
    app = build_http_app("example", {"": [router]})
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.post("/plain", content=content, headers={"Content-Type": kind})


async def send(name: str, charset: str) -> httpx.Response:
    app = build_http_app("example", {"": [router]})
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        kind = f"multipart/form-data; boundary=b{charset}"
        return await http.post("/named", content=FORM.format(name).encode(), headers={"Content-Type": kind})


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=UTF-8", '; charset="utf8"'])
async def test_a_form_is_read_as_utf_8(charset: str) -> None:
    assert (await send("Budi 🏃", charset)).json() == {"name": "Budi 🏃"}


@pytest.mark.parametrize("encoding", ["unicode_escape", "undefined", "punycode", "idna", "utf-16", "nothing"])
@pytest.mark.parametrize("parameter", ["charset={}", 'CHARSET="{}"'])
async def test_a_form_in_another_encoding_is_malformed(encoding: str, parameter: str) -> None:
    answer = await send("\\ud800", "; " + parameter.format(encoding))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_form")


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", {}),
        (b"name=Budi+%F0%9F%8F%83&empty=", {"name": "Budi 🏃", "empty": ""}),
        (b"name=a&name=b", {"name": "b"}),
        (b"name=%ff%00&%zz=\xff", {"name": "\ufffd\x00", "%zz": "\ufffd"}),
    ],
)
async def test_a_form_without_files_is_read_in_one_go(content: bytes, fields: dict[str, str]) -> None:
    assert (await send_plain(content)).json() == fields


async def test_another_kind_of_form_is_left_alone() -> None:
    assert (await send_plain(b"", "multipart/form-data; boundary=b")).json() is None


@pytest.mark.parametrize(
    ("content", "parameter"), [(b"a=1&b=2&c=3&d=4", ""), (b"a=1", "; charset=utf-16"), (b"a=1", "; charset=idna")]
)
async def test_too_many_fields_and_other_encodings_are_malformed(content: bytes, parameter: str) -> None:
    answer = await send_plain(content, f"application/x-www-form-urlencoded{parameter}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_form")
