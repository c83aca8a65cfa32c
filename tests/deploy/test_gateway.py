"""The gateway's configuration says the same as the services behind it."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from chassis.auth.access import Public, api_routes, stated_access
from chassis.web import middleware
from chassis.web.bodies import BODY_BYTES
from chassis.web.event_streams import EventStream
from fastapi import FastAPI
from payment.proofs.arrival import AGE_HEADER
from payment.usdt.networks.presets import Network

from .nginx import DEPLOY, Location, chosen, locations, size

_ID = "8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11"

RATE_LIMITED = (
    "/api/registration/v1/exports",
    "/api/registration/v1/registrations",
    "/api/registration/v1/waitlist",
    "/api/registration/v1/access",
    "/api/registration/v1/access/recover",
    f"/api/registration/v1/links/{_ID}/code",
    "/api/registration/v1/promo-codes/check",
    "/api/identity/v1/login",
    f"/api/checkin/v1/stations/{_ID}/login",
    f"/api/payment/v1/invoices/{_ID}/proofs",
    "/api/payment/v1/statements",
    "/api/payment/v1/settings",
    f"/api/registration/v1/events/{_ID}/banner",
    f"/api/registration/v1/events/{_ID}/logo",
)


def test_every_request_goes_to_where_the_services_are() -> None:
    """By one variable, which has the domain of the services where there is one."""
    assert set(re.findall(r"proxy_pass (\S+);", _text("routes.conf"))) == {"http://$upstream"}


@pytest.mark.parametrize("domain", ["", ".startline.svc.cluster.local"])
def test_a_service_has_the_name_that_the_name_server_knows(domain: str) -> None:
    pattern, name = _only_pair(r'^    "~(\S+)" "(\S+)";$', _text("clients.conf.template"))
    for service in {each.upstream for each in locations() if each.upstream}:
        found = re.match(pattern.replace("(?<", "(?P<"), service)
        assert found is not None
        made = name.replace("${SERVICE_DOMAIN}", domain).replace("$process", found["process"])
        process, port = service.split(":")
        assert made.replace("$port", found["port"]) == f"{process}{domain}:{port}"


def test_the_name_server_is_dockers_or_with_a_domain_that_of_the_machine(tmp_path: Path) -> None:
    known = tmp_path / "resolv.conf"
    known.write_text("search race.svc.cluster.local\nnameserver 10.96.0.10\nnameserver fd00::a\noptions ndots:5\n")
    assert _name_servers(known, domain="") == "127.0.0.11"
    assert _name_servers(known, domain=".race.svc.cluster.local") == "10.96.0.10 [fd00::a]"


def _name_servers(known: Path, *, domain: str) -> str:
    script = f". {DEPLOY}/gateway/trusted-proxies.envsh; echo $NAME_SERVERS"
    environ = {**os.environ, "RESOLV_CONF": str(known), "SERVICE_DOMAIN": domain}
    return subprocess.run(["sh", "-c", script], env=environ, capture_output=True, text=True, check=True).stdout.strip()


def _only_pair(pattern: str, text: str) -> tuple[str, str]:
    [(first, second)] = [each for each in re.findall(pattern, text, re.MULTILINE) if "SERVICE_DOMAIN" in each[1]]
    return first, second


def test_every_route_is_passed_to_its_own_service(apps: Mapping[str, FastAPI]) -> None:
    for service, app in apps.items():
        paths = [path for _, path in _api(app)]
        assert paths
        for path in paths:
            assert chosen(path).upstream == f"{service}-api:8000", path


@pytest.mark.parametrize(
    "path",
    [
        *("/metrics", "/health/ready", "/health/late", "/api", "/api/", "/api/registration", "/api/web/v1/x"),
        *("/api/registrationx/v1/events", "/api/registration/v2/x"),
    ],
)
def test_nothing_else_is_passed_on(path: str) -> None:
    assert chosen(path).directives == {"return": "404"}


def test_only_what_anybody_may_read_is_cached(apps: Mapping[str, FastAPI]) -> None:
    cached = set()
    for app in apps.values():
        for route, path in _api(app):
            location = chosen(path)
            if "GET" in (route.methods or ()) and "proxy_cache" in location.directives:
                assert isinstance(stated_access(route), Public), path
                cached.add(location.path)
    assert cached == {each.path for each in _of_apis() if "proxy_cache" in each.directives}


def test_a_search_for_races_passes_the_cache_and_is_limited(apps: Mapping[str, FastAPI]) -> None:
    pattern = _only(r'"~(\S+events\S+)" 1;', _text("clients.conf.template"))
    path = "/api/registration/v1/events"
    [route] = [each for each, known in _api(apps["registration"]) if known == path and "GET" in (each.methods or ())]
    names = {each["name"] for each in apps["registration"].openapi()["paths"][path]["get"]["parameters"]}
    assert names == {"q", "from", "to", "limit", "cursor", "fields"}
    assert isinstance(stated_access(route), Public)
    for searching in (*(f"{name}=1" for name in names), "q", "x=1&q=run", "q&x", "%71=run", "x=1&l%69mit=1"):
        assert re.search(pattern, f"{path}?{searching}"), searching
    for other in ("", "x=1", "x=q=1", "xq=1", "qx=1", "x=%71"):
        assert not re.search(pattern, f"{path}?{other}"), other
    assert chosen(path).directives["proxy_cache_bypass"] == chosen(path).directives["proxy_no_cache"] == "$searching"
    assert "limit_req zone=searches burst=60 nodelay;" in _text("routes.conf")


def test_a_picture_is_cached_for_each_of_its_versions() -> None:
    """All other answers for all queries: made-up parameters get no further."""
    keys = {
        each.path: each.directives["proxy_cache_key"] for each in _of_apis() if "proxy_cache_key" in each.directives
    }
    [path] = keys
    assert keys[path] == "$uri$arg_v"
    for name in ("banner/320.webp", "banner/share.jpg", "logo/96.webp"):
        assert chosen(f"/api/registration/v1/events/lari/{name}").path == path
    assert "proxy_cache_key $uri;" in _text("forwarding.conf")


def test_bodies_may_be_as_large_as_the_service_takes_and_hardly_larger(apps: Mapping[str, FastAPI]) -> None:
    ordinary = size(_only(r"client_max_body_size (\w+);", _text("nginx.conf")))
    assert ordinary == BODY_BYTES
    for app in apps.values():
        larger = _larger_bodies(app)
        for _, path in _api(app):
            fitting = [most for pattern, most in larger.items() if re.fullmatch(pattern, path)]
            most = fitting[0] if fitting else BODY_BYTES
            assert most <= chosen(path).largest_body < most + 1024, path


def test_what_costs_most_is_limited_for_each_address() -> None:
    assert {chosen(path).path for path in RATE_LIMITED} == {
        each.path for each in _of_apis() if "limit_req" in each.directives
    }


def test_every_route_that_takes_a_body_has_a_limit(apps: Mapping[str, FastAPI]) -> None:
    taking = {(path, method) for app in apps.values() for route, path in _api(app) for method in _taking(route)}
    assert len(taking) > 50
    assert _without_limit(taking, common=_common_limits()) == set()


def test_a_route_without_a_limit_is_named() -> None:
    """The control: without the common limits, all but the uploads are found."""
    asked = {(path, "POST") for path in (f"/api/payment/v1/invoices/{_ID}/proofs", "/api/identity/v1/staff")}
    assert _without_limit(asked, common={}) == {"POST /api/identity/v1/staff"}


def test_what_takes_files_goes_on_unread_with_few_of_one_address(apps: Mapping[str, FastAPI]) -> None:
    ordinary = size(_only(r"client_max_body_size (\w+);", _text("nginx.conf")))
    large = {each.path: each for each in _of_apis() if each.largest_body > ordinary}
    assert len(large) == 5
    assert {each.directives["limit_conn"] for each in large.values()} == {"uploading 8"}


def test_every_body_goes_on_unread() -> None:
    """A service ends a slow one, and judges access first; nginx would take it in for as long as it comes."""
    assert "\nproxy_request_buffering off;" in _text("forwarding.conf")
    assert not [each.path for each in locations() if "proxy_request_buffering" in each.directives]


def test_streams_are_passed_on_as_they_come_and_outlive_the_time_between_heartbeats(
    apps: Mapping[str, FastAPI],
) -> None:
    streams = {path for app in apps.values() for route, path in _api(app) if route.response_class is EventStream}
    assert streams == {f"/api/registration/v1/registrations/{_ID}/stream"}
    heartbeat = apps["registration"].state.stream_times.heartbeat
    for path in streams:
        location = chosen(path).directives
        assert (location["proxy_buffering"], location["gzip"]) == ("off", "off")
        assert int(location["proxy_read_timeout"].removesuffix("s")) >= 3 * heartbeat
    assert "text/event-stream" not in _text("nginx.conf"), "gzip would gather events before it sends some"


def test_everything_that_the_gateway_answers_itself_is_worded_in_both_languages() -> None:
    text = _text("problems.conf")
    codes, titles, details = (_map(text, name) for name in ("problem_code", "problem_title", "problem_detail"))
    worded = {f"{language}:{status}" for language in ("en", "id") for status in _own_statuses()}
    assert _own_statuses() >= {"400", "404", "405", "408", "413", "414", "429", "431", "501", "503", "504"}
    assert codes.keys() == _own_statuses()
    assert titles.keys() == details.keys() == worded
    for said in (*titles.values(), *details.values()):
        assert re.fullmatch(r"[^\"\\]+", said), "it stands in a JSON string"


def test_what_the_gateway_says_before_it_knows_the_path_comes_from_no_named_location() -> None:
    """Else nginx answers 500 in HTML."""
    pages = {status: target for found, target in _error_pages() for status in found.partition("=")[0].split()}
    early = {"400", "414", "494", "495", "496", "497", "505"}
    assert {pages[status] for status in early} == {"/problem"}
    assert pages.keys() - early == {each for each in pages if pages[each] in ("@$own_answer", "@too_large")}
    assert "internal;" in _text("answers.conf").partition("location = /problem {")[2].partition("}")[0]


def test_a_correlation_id_is_taken_over_where_the_services_take_it_over() -> None:
    [pattern] = re.findall(r'"~\^(\S+)\$" \$http_x_correlation_id;', _text("clients.conf.template"))
    assert pattern == middleware._CORRELATION_ID.pattern


def test_a_post_is_never_sent_twice() -> None:
    directives = re.sub(r"#.*", "", _text("forwarding.conf"))
    assert "proxy_next_upstream error timeout;" in directives
    assert "non_idempotent" not in directives


def test_nobody_gets_an_answer_older_than_the_service_allows_while_the_service_is_up() -> None:
    [stale] = re.findall(r"^proxy_cache_use_stale (.*);$", _text("forwarding.conf"), re.MULTILINE)
    assert "updating" not in stale.split(), "that is for answers of any age"


def test_a_redirect_goes_to_the_configured_name_whatever_the_caller_wrote_into_host() -> None:
    written = [path.read_text() for path in (DEPLOY / "gateway").glob("*.conf")]
    answers = [found for text in written for found in re.findall(r"^\s*(?:return|add_header) .*", text, re.MULTILINE)]
    assert [each.strip() for each in answers if "://" in each] == ["return 308 https://$public_name$request_uri;"]
    assert not [each for each in answers if re.search(r"\$(http_)?host\b", each)]
    assert 'map "${PUBLIC_URL}" $public_name' in _text("clients.conf.template")


def test_the_client_cannot_write_its_own_address() -> None:
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in _text("forwarding.conf")
    assert f"proxy_set_header {AGE_HEADER} $request_time;" in _text("forwarding.conf")
    assert not any("proxy_set_header" in each.directives for each in locations()), "a location that sets one drops all"


def test_the_access_log_names_the_words_of_our_paths_and_no_others(apps: Mapping[str, FastAPI]) -> None:
    served = {word for app in apps.values() for route in api_routes(app) for word in _words(route.path or "")}
    [written] = set(re.findall(r"/api/\S+?\(\?:([a-z.|\\-]+)\)", _text("log.conf")))
    assert set(written.replace("\\.", ".").split("|")) == {*served, *Network, "openapi.json"}


def _of_apis() -> list[Location]:
    return [each for each in locations() if each.upstream != "web:8000"]


def _larger_bodies(app: FastAPI) -> Mapping[str, int]:
    """Paths that take more than others, as its middleware was told."""
    [larger] = [each.kwargs["larger"] for each in app.user_middleware if "larger" in each.kwargs]
    return larger  # type: ignore[return-value]  # the arguments of any middleware


def _words(path: str) -> Iterator[str]:
    """The parts of a path below `/api/<service>/v1` that are the same for all who ask."""
    prefix, _, rest = path.partition("/v1/")
    if prefix.startswith("/api/"):
        yield from (word for word in rest.split("/") if "{" not in word)


def _api(app: FastAPI) -> Iterator[tuple[Any, str]]:
    """Routes under `/api`, with an example of their paths."""
    for route in api_routes(app):
        path = route.path or ""
        if path.startswith("/api/"):
            yield route, re.sub(r"\{\w+\}", _ID, path)


def _taking(route: Any) -> set[str]:
    """Methods of a route that send something, body or not."""
    return set(route.methods or ()) - {"GET", "HEAD", "OPTIONS"}


def _common_limits() -> Mapping[str, str]:
    """Limits of the whole server, which a location has unless it has others of the kind."""
    return dict(re.findall(r"^(limit_\w+) (.+);$", _text("routes.conf"), re.MULTILINE))


def _without_limit(taking: Iterable[tuple[str, str]], *, common: Mapping[str, str]) -> set[str]:
    needed = {"limit_req", "limit_conn"}
    return {f"{method} {path}" for path, method in taking if not needed <= {*chosen(path).directives, *common}}


def _only(pattern: str, text: str) -> str:
    [found] = re.findall(pattern, text)
    return str(found)


def _own_statuses() -> set[str]:
    """Statuses that get a problem document, as the client sees them."""
    return {status for found, _ in _error_pages() for status in found.partition("=")[2].split() or found.split()}


def _error_pages() -> list[tuple[str, str]]:
    """Statuses with what they become, and who answers."""
    return re.findall(r"^error_page (.*) (\S+);$", _text("answers.conf"), re.MULTILINE)


def _map(text: str, name: str) -> Mapping[str, str]:
    """What a `map` gives for each value that it names."""
    [body] = re.findall(rf"^map \S+ \${name} {{$(.*?)^}}", text, re.MULTILINE | re.DOTALL)
    found = re.findall(r'^\s+(\S+)\s+"?(.+?)"?;$', body, re.MULTILINE)
    return {value: said for value, said in found if value != "default" and not value.startswith("~")}


def _text(name: str) -> str:
    return (DEPLOY / "gateway" / name).read_text()
