"""What the gateway's configuration says of pages: who serves them, what bounds them, what is kept of them."""

import re
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from chassis.auth.access import api_routes
from chassis.web.bodies import BODY_BYTES
from fastapi import FastAPI
from payment.limits import MAX_FILE_BYTES
from payment.proofs.forms import FORM_BYTES
from registration.access_codes import AccessCodes
from registration.catalog.uploads import FORM_BYTES as PICTURE_BYTES
from registration.catalog.uploads import MAX_FILE_BYTES as MAX_PICTURE_BYTES

from .nginx import DEPLOY, Location, chosen, locations

CODE = AccessCodes(["a secret"], public_url="http://127.0.0.1:8080").make(UUID(int=7), 1).code
NUMBER = "FR5K-00001"
INSIDE = ("/health/live", "/health/ready", "/metrics")
LANGUAGES = ("", "/en")

LIMITED = {
    "/races/jakarta-fun-run/register/5k": "zone=registrations ",
    "/races/jakarta-fun-run/register/5k/review": "zone=registrations ",
    "/races/jakarta-fun-run/waitlist/5k": "zone=registrations ",
    f"/r/{NUMBER}/proof": "zone=uploads ",
    "/console/races/1/pictures/banner": "zone=uploads ",
    f"/r/{NUMBER}/{CODE}": "zone=links ",
    "/recover": "zone=links ",
    "/console/login": "zone=logins ",
    "/console/registrations/1/proof": "zone=uploads ",
    "/console/payment-settings/picture": "zone=uploads ",
    "/console/refunds/1/evidence": "zone=uploads ",
    "/console/statements": "zone=uploads ",
}


def _pages(app: FastAPI) -> Iterator[tuple[Any, str]]:
    """Routes of pages, with an example of their paths."""
    examples = {"number": NUMBER, "code": CODE, "slug": "jakarta-fun-run"}
    for route in api_routes(app):
        path = route.path or ""
        if path not in INSIDE:
            yield route, re.sub(r"\{(\w+)\}", lambda found: examples.get(found[1], "5k"), path)


def _of_web() -> list[Location]:
    return [each for each in locations() if each.upstream == "web:8000"]


def _text(name: str) -> str:
    return (DEPLOY / "gateway" / name).read_text()


def test_every_page_is_passed_to_web_and_nothing_of_the_inside(pages: FastAPI) -> None:
    paths = [path for _, path in _pages(pages)]
    assert {"/", "/en/", "/robots.txt", f"/r/{NUMBER}/{CODE}", "/licences"} <= {*paths}
    assert {chosen(path).upstream for path in paths} == {"web:8000"}
    assert {chosen(path).directives["return"] for path in INSIDE if path != "/health/live"} == {"404"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", LIMITED)
def test_what_costs_most_is_limited_as_at_the_api(language: str, path: str) -> None:
    assert chosen(language + path).directives["limit_req"].startswith(LIMITED[path])


def test_no_other_page_has_a_limit_of_its_own() -> None:
    limited = {chosen(path).path for path in LIMITED}
    assert {each.path for each in _of_web() if "limit_req" in each.directives} == limited
    assert "\nlimit_req zone=pages burst=300 nodelay;" in _text("routes.conf"), "they have the common one"


def test_every_page_that_takes_a_body_has_a_limit(pages: FastAPI) -> None:
    common = dict(re.findall(r"^(limit_\w+) (.+);$", _text("routes.conf"), re.MULTILINE))
    for route, path in _pages(pages):
        if set(route.methods or ()) - {"GET", "HEAD", "OPTIONS"}:
            assert {"limit_req", "limit_conn"} <= {*chosen(path).directives, *common}, path


def test_a_limit_for_what_is_sent_counts_no_reading() -> None:
    counted = re.findall(r"^limit_req_zone (\$\w+) +zone=(\w+):", _text("clients.conf.template"), re.MULTILINE)
    keys = {zone: key for key, zone in counted}
    assert (keys["registrations"], keys["uploads"], keys["sending"]) == ("$sender",) * 3
    assert (keys["links"], keys["pages"]) == ("$client", "$page_reader"), "following a link is a GET"


def test_a_code_is_told_from_the_pages_below_a_number(pages: FastAPI) -> None:
    link = chosen(f"/r/{NUMBER}/{CODE}")
    below = {path for _, path in _pages(pages) if f"/r/{NUMBER}/" in path and CODE not in path}
    assert (len(CODE), chosen(f"/en/r/{UUID(int=7)}/{CODE}")) == (26, link)
    assert {path for path in below if chosen(path) == link} == set()


def test_bodies_may_be_as_large_as_web_takes_and_hardly_larger(pages: FastAPI) -> None:
    [larger] = [each.kwargs["larger"] for each in pages.user_middleware if "larger" in each.kwargs]
    for _, path in _pages(pages):
        fitting = [most for pattern, most in larger.items() if re.fullmatch(pattern, path)]  # type: ignore[attr-defined]
        most = fitting[0] if fitting else BODY_BYTES
        assert most <= chosen(path).largest_body < most + 1024, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_may_be_as_large_as_the_api_takes_and_few_come_at_once(language: str) -> None:
    for path in (f"/r/{NUMBER}/proof", "/console/payment-settings/picture", "/console/refunds/1/evidence"):
        location = chosen(language + path)
        assert MAX_FILE_BYTES < location.largest_body <= FORM_BYTES, "the picture, and the form around it"
        assert location.directives["limit_conn"] == "uploading 8"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["banner", "logo"])
def test_a_picture_of_a_race_may_be_as_large_as_the_api_takes_and_few_come_at_once(language: str, kind: str) -> None:
    location = chosen(f"{language}/console/races/1/pictures/{kind}")
    assert MAX_PICTURE_BYTES < location.largest_body <= PICTURE_BYTES, "the picture, and the form around it"
    assert location.directives["limit_conn"] == "uploading 8"
    assert chosen(f"{language}/console/races/1/pictures/{kind}/remove").largest_body == BODY_BYTES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stream_goes_on_as_it_comes(language: str) -> None:
    own, theirs = (
        dict(chosen(path).directives)
        for path in (f"{language}/r/{NUMBER}/stream", f"/api/registration/v1/registrations/{NUMBER}/stream")
    )
    assert (own.pop("set"), theirs.pop("set")) == ("$service web:8000", "$service registration-api:8000")
    assert own == theirs


def test_pages_of_a_registration_are_never_kept(pages: FastAPI) -> None:
    private = [path for _, path in _pages(pages) if re.match(r"(/en)?/(r|t|console)(/|$)", path)]
    assert len(private) >= 4
    for path in (*private, "/recover", f"/r/{NUMBER}/a/page/of/a/newer/release", f"/en/r/{NUMBER}/proof", "/t/a1"):
        assert "proxy_cache" not in chosen(path).directives, path


def test_what_is_kept_of_pages_depends_on_their_address_alone() -> None:
    kept = [each for each in _of_web() if "proxy_cache" in each.directives]
    assert {each.directives["proxy_cache"] for each in kept} == {"kept_pages"}
    keys = {each.directives["proxy_cache_key"]: each.path for each in kept}
    assert ({*keys}, keys["$uri"]) == ({"$request_uri", "$uri"}, "^/(static|brand|checkin/app)/")
    directives = "".join(re.sub(r"#.*", "", file.read_text()) for file in (DEPLOY / "gateway").glob("*.conf"))
    for word in ("proxy_ignore_headers", "proxy_cache_valid", "proxy_cache_methods", "$cookie_", "$http_cookie"):
        assert word not in directives, "nginx keeps what web allows, and nothing that sets a cookie"


def test_the_access_log_names_the_words_of_pages(pages: FastAPI) -> None:
    served = {word for route, _ in _pages(pages) for word in (route.path or "").split("/") if "{" not in word}
    lines = "".join(line for line in _text("log.conf").splitlines() if '"~^web:8000:' in line)
    named = {word for group in re.findall(r"\(\?:([a-z./|\\-]+)\)", lines) for word in re.split("[|/]", group)}
    assert served - {"", "en"} <= {word.replace("\\.", ".") for word in named}


@pytest.mark.parametrize("name", ["page_title", "page_text"])
def test_pages_of_the_gateway_are_worded_in_both_languages(name: str) -> None:
    [body] = re.findall(rf"^map \S+ \${name} {{$(.*?)^}}", _text("error-pages.conf"), re.MULTILINE | re.DOTALL)
    cases = re.findall(r"^\s+(?:~\^)?(id|en|default):?(\S*)\s+\"[^\"]+\";$", body, re.MULTILINE)
    worded = {case for language, case in cases if language == "en"}
    assert worded == {"maintenance:", *(f":{status}" for status in (404, 408, 413, 429, 503, 504))}
    assert {case for language, case in cases if language == "id"} == {*worded, ""}
    assert cases[-2:] == [("id", ""), ("default", "")], "whatever else there is"


def test_pages_of_the_gateway_say_nothing_that_a_client_wrote_and_have_nothing_inline() -> None:
    text = re.sub(r"#.*", "", _text("error-pages.conf"))
    ours = {"$closed", "$status", "$correlation_id", "$error_page"}
    used = {each for each in re.findall(r"\$\w+", text) if not each.startswith("$page_")}
    assert used == {*ours, "$uri"}
    looked_at = re.findall(r"^map \$uri \$page_(\w+)", text, re.MULTILINE)
    assert looked_at == ["language", "too_large_id", "too_large_en"]
    assert text.count("$uri") == len(looked_at), "the path is looked at and not repeated"
    assert not re.search(r"<style|\sstyle=|<script|\son[a-z]+=", text)
    assert re.findall(r'(?:href|src)="([^"]*)"', text) == ["", "", "/", "/en/", "/gateway.css"]


def test_maintenance_is_a_file_that_no_release_brings_or_takes_away() -> None:
    assert "if (-f /etc/nginx/startline/maintenance)" in _text("answers.conf")
    ignored = ["git", "check-ignore", "-q", "deploy/gateway/maintenance"]
    assert subprocess.run(ignored, cwd=DEPLOY.parent, check=False).returncode == 0
    assert not (DEPLOY / "gateway" / "maintenance").exists()


def test_who_asks_for_the_time_does_not_wait_at_the_cache() -> None:
    """Behind `proxy_cache_lock`, requests for the same answer that is not stored follow each other, 500 ms apart."""
    assert "proxy_cache" not in chosen("/clock").directives
    assert "proxy_cache" in chosen("/races/jakarta-fun-run").directives


@pytest.mark.parametrize(
    "path",
    ["/static/0123456789.look.css", "/brand/0b5fff.css", "/brand/0b5fff.svg", "/checkin/app/0123456789ab/app.js"],
)
def test_made_up_parameters_of_what_is_not_counted_do_not_get_past_the_cache(path: str) -> None:
    found = chosen(path).directives
    assert (found["proxy_cache"], found["proxy_cache_key"]) == ("kept_pages", "$uri")
    assert chosen("/").directives["proxy_cache_key"] == "$request_uri", "a page may depend on them"
