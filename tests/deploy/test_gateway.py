"""The gateway's configuration says the same as the services behind it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from chassis.auth.access import Public, api_routes, stated_access
from chassis.web import middleware
from chassis.web.bodies import BODY_BYTES
from fastapi import FastAPI

from .nginx import DEPLOY, chosen, locations, size

_ID = "8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11"

RATE_LIMITED = (
    "/api/registration/v1/registrations",
    "/api/registration/v1/waitlist",
    "/api/registration/v1/access",
    "/api/identity/v1/login",
    f"/api/checkin/v1/stations/{_ID}/login",
    f"/api/payment/v1/invoices/{_ID}/proofs",
)


def test_every_route_is_passed_to_its_own_service(apps: Mapping[str, FastAPI]) -> None:
    for service, app in apps.items():
        paths = [path for _, path in _api(app)]
        assert paths
        for path in paths:
            assert chosen(path).upstream == f"{service}-api:8000", path


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/health/ready", "/health/late", "/api/registrationx/v1/events", "/api/registration/v2/x"]
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
    assert cached == {each.path for each in locations() if "proxy_cache" in each.directives}


def test_bodies_may_be_as_large_as_the_service_takes_and_hardly_larger(apps: Mapping[str, FastAPI]) -> None:
    ordinary = size(re.findall(r"client_max_body_size (\w+);", (DEPLOY / "gateway" / "nginx.conf").read_text())[0])
    assert ordinary == BODY_BYTES
    for app in apps.values():
        larger = _larger_bodies(app)
        for _, path in _api(app):
            fitting = [most for pattern, most in larger.items() if re.fullmatch(pattern, path)]
            most = fitting[0] if fitting else BODY_BYTES
            assert most <= chosen(path).largest_body < most + 1024, path


def test_what_costs_most_is_limited_for_each_address() -> None:
    assert {chosen(path).path for path in RATE_LIMITED} == {
        each.path for each in locations() if "limit_req" in each.directives
    }


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
    assert not any("proxy_set_header" in each.directives for each in locations()), "a location that sets one drops all"


def _larger_bodies(app: FastAPI) -> Mapping[str, int]:
    """Paths that take more than others, as its middleware was told."""
    [larger] = [each.kwargs["larger"] for each in app.user_middleware if "larger" in each.kwargs]
    return larger  # type: ignore[return-value]  # the arguments of any middleware


def _api(app: FastAPI) -> Iterator[tuple[Any, str]]:
    """Routes under `/api`, with an example of their paths."""
    for route in api_routes(app):
        path = route.path or ""
        if path.startswith("/api/"):
            yield route, re.sub(r"\{\w+\}", _ID, path)


def _text(name: str) -> str:
    return (DEPLOY / "gateway" / name).read_text()
