"""The check-in app as it is served: whole, in one release, and with a word for everything that it says."""

import re
from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from PIL import Image
from web.static_files import FOLDER

from .markup import parsed

_SCRIPTS = {path.name: path.read_text() for path in sorted((FOLDER / "checkin").glob("*.js"))}
_OTHERS = {"idb.js", "zxing.js", "zxing_reader.wasm"}
_KINDS_OF_VERDICTS = {"already", "not_valid", "unknown", "other_event", "not_stored", "signed_out"}
_HINTS = {f"hint_{kind}" for kind in _KINDS_OF_VERDICTS | {"no_roster", "refused"}} - {"hint_signed_out"}


def _found(pattern: str) -> set[str]:
    return {name for text in _SCRIPTS.values() for name in re.findall(pattern, text)}


async def _release(site: httpx.AsyncClient, prefix: str = "") -> tuple[str, list[str]]:
    """Return the service worker's text, and the addresses that it installs."""
    answer = await site.get(f"{prefix}/checkin/worker.js")
    assert answer.headers["Service-Worker-Allowed"] == f"{prefix}/checkin"
    assert answer.headers["Cache-Control"] == "no-cache"
    return answer.text, re.findall(r'"(/[^"]+\.(?:js|css|png|wasm))"', answer.text.split("\n")[0])


@pytest.mark.parametrize("prefix", ["", "/en"])
async def test_a_device_installs_everything_that_the_app_loads(site: httpx.AsyncClient, prefix: str) -> None:
    page = (await site.get(f"{prefix}/checkin")).text
    _, installed = await _release(site, prefix)
    loaded = set(re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css|png))"', page))
    assert loaded <= set(installed)
    names = {address.rpartition("/")[2] for address in installed}
    imported = _found(r'from "\./([^"]+)"') | _found(r'(?:new URL|importScripts)\("\./([^"]+)"')
    assert imported | _OTHERS <= names
    assert names >= _SCRIPTS.keys() - {"worker.js"}
    for address in installed:
        answer = await site.get(address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["Cache-Control"]


async def test_files_of_another_release_are_not_found(site: httpx.AsyncClient) -> None:
    for address in ("/checkin/app/000000000000/app.js", "/checkin/app/x/..%2fapp.py"):
        assert (await site.get(address)).status_code == 404


async def test_the_decoder_may_run_and_nothing_else_may(site: httpx.AsyncClient) -> None:
    page = await site.get("/checkin")
    _, installed = await _release(site)
    [decoder] = [await site.get(each) for each in installed if each.endswith("decoder.js")]
    for answer in (page, decoder):
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self' 'wasm-unsafe-eval'" in policy
        assert "unsafe-inline" not in policy
        assert "'unsafe-eval'" not in policy
    assert page.headers["Cache-Control"] == "no-cache"
    assert "wasm" not in (await site.get("/")).headers["Content-Security-Policy"]


@pytest.mark.parametrize(("prefix", "language"), [("", "id"), ("/en", "en")])
async def test_a_phone_can_put_the_app_on_its_home_screen(site: httpx.AsyncClient, prefix: str, language: str) -> None:
    answer = await site.get(f"{prefix}/checkin/app.webmanifest")
    described = answer.json()
    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert (described["start_url"], described["scope"], described["lang"]) == (*[f"{prefix}/checkin"] * 2, language)
    assert described["display"] == "standalone"
    for icon in described["icons"]:
        picture = Image.open(BytesIO((await site.get(icon["src"])).content))
        assert "x".join(map(str, picture.size)) == icon["sizes"]
    assert {icon["purpose"] for icon in described["icons"]} == {"any", "maskable"}


def _words_said() -> Iterator[str]:
    yield from _found(r'(?:word|said|#refuse)\("([a-z_]+)"')
    yield from _found(r'\? "([a-z_]+)" : "[a-z_]+"\)')
    yield from {f"state_{each}" for each in ("waiting", "done", "conflict")}
    yield from _KINDS_OF_VERDICTS | _HINTS


async def test_every_word_that_scripts_say_is_on_the_page(site: httpx.AsyncClient) -> None:
    page = parsed((await site.get("/checkin")).text)
    words = {each.get("data-word") for each in page.walk()} - {None}
    assert set(_words_said()) <= words
    text = "\n".join(_SCRIPTS.values())
    built = {"conflict_", "state_", "hint_"}
    unused = {each for each in words if each and f'"{each}"' not in text and not each.startswith(tuple(built))}
    assert unused <= _KINDS_OF_VERDICTS


async def test_every_place_that_scripts_fill_is_on_the_page(site: httpx.AsyncClient) -> None:
    page = parsed((await site.get("/checkin")).text)
    shown = {each.get("data-show") for each in page.walk()}
    assert _found(r'show\("([a-z-]+)"') <= shown
    attributes = {name for each in page.walk() for name in each.attributes}
    assert _found(r"one\(\"\[(data-[a-z-]+)\]\"") <= attributes


async def test_a_pin_fits_with_its_spaces_and_the_search_says_little(site: httpx.AsyncClient) -> None:
    page = parsed((await site.get("/checkin")).text)
    fields = {each.get("id"): each for each in page.all("input")}
    assert int(fields["pin"].get("maxlength") or "") > len("123 456")
    assert fields["find"].get("placeholder") == "Nama atau BIB"
