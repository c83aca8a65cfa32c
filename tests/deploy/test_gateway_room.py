"""The gateway's container has room for the most that can come at once. The sums, from the files themselves."""

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from chassis.web.bodies import LARGE_BODIES
from payment.proofs.forms import FORM_BYTES

from .nginx import DEPLOY, locations, size

_HEADER_BUFFERS = 4 * 8 * 1024
_STREAM = 4 * 1024
"""Of a request over HTTP/2, its pool; what else it needs is bounded for each address by limit_conn."""
_TLS = 40 * 1024
"""Of a connection, as measured for OpenSSL 3 with released buffers."""

NGINX = (DEPLOY / "gateway" / "nginx.conf").read_text()
UPLOADS = (DEPLOY / "gateway" / "uploads.conf").read_text()
FORWARDING = (DEPLOY / "gateway" / "forwarding.conf").read_text()


@pytest.fixture(scope="module")
def gateway() -> Any:
    return yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())["services"]["gateway"]


def _number(pattern: str, text: str) -> int:
    [found] = re.findall(pattern, text, re.MULTILINE)
    return size(found)


def _rooms(gateway: Any) -> dict[str, int]:
    return {path: size(re.findall(r"size=(\w+)", options)[0]) for path, _, options in map(_parted, gateway["tmpfs"])}


def _parted(tmpfs: str) -> tuple[str, str, str]:
    return tmpfs.partition(":")


def _connections() -> int:
    return _number(r"^worker_processes (\d+);", NGINX) * _number(r"worker_connections (\d+);", NGINX)


def test_as_many_uploads_as_a_service_reads_at_once_fit_into_its_room() -> None:
    payment = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())["services"]["payment-api"]
    assert _rooms(payment)["/tmp"] >= LARGE_BODIES * FORM_BYTES
    assert "proxy_request_buffering off;" in UPLOADS, "the gateway needs no room for them"
    ordinary = _number(r"client_max_body_size (\w+);", NGINX)
    assert [each.path for each in locations() if each.largest_body > ordinary] == [
        each.path for each in locations() if "proxy_request_buffering" in each.directives
    ]


def test_an_ordinary_body_for_each_connection_fits_into_its_room(gateway: Any) -> None:
    ordinary = _number(r"client_max_body_size (\w+);", NGINX)
    assert _connections() * ordinary <= _rooms(gateway)["/var/cache/nginx/bodies"]


def test_bodies_of_forty_addresses_fit_into_their_room_whatever_they_come_over(gateway: Any) -> None:
    """Of HTTP/2 each stream is counted; a room that is full all the same answers 503."""
    routes = (DEPLOY / "gateway" / "routes.conf").read_text()
    of_an_address = _number(r"^limit_conn connections (\d+);", routes)
    ordinary = _number(r"client_max_body_size (\w+);", NGINX)
    assert 40 * of_an_address * ordinary <= _rooms(gateway)["/var/cache/nginx/bodies"]
    assert "error_page 500 =503 @problem;" in (DEPLOY / "gateway" / "answers.conf").read_text()


def test_the_cache_fits_into_its_room_with_what_is_being_written(gateway: Any) -> None:
    assert 1.5 * _number(r"max_size=(\w+)", FORWARDING) <= _rooms(gateway)["/var/cache/nginx/cache"]
    assert "proxy_max_temp_file_size 0;" in FORWARDING, "no answer is written there on its way"


def test_all_rooms_and_all_connections_fit_into_the_memory(gateway: Any) -> None:
    streams = _number(r"http2_max_concurrent_streams (\d+);", NGINX)
    each = _number(r"client_body_buffer_size (\w+);", NGINX) + _HEADER_BUFFERS + _TLS + streams * _STREAM
    assert "large_client_header_buffers 4 8k;" in NGINX
    assert sum(_rooms(gateway).values()) + _connections() * each <= size(gateway["mem_limit"]) * 1.02


def test_each_connection_may_have_a_file_and_a_service_behind_it(gateway: Any) -> None:
    files = _number(r"^worker_rlimit_nofile (\d+);", NGINX)
    assert files >= 2 * _number(r"worker_connections (\d+);", NGINX)
    assert gateway["ulimits"]["nofile"] >= files


def test_one_address_is_a_small_part_of_everybody() -> None:
    routes = (DEPLOY / "gateway" / "routes.conf").read_text()
    assert _number(r"^limit_conn connections (\d+);", routes) * 40 <= _connections()
    assert _number(r"limit_conn uploading (\d+);", UPLOADS) < _number(r"^limit_conn connections (\d+);", routes)


def test_streams_leave_half_of_an_addresss_connections_to_all_else() -> None:
    [streams] = [each for each in locations() if each.directives.get("limit_conn", "").startswith("streams ")]
    routes = (DEPLOY / "gateway" / "routes.conf").read_text()
    [counted] = re.findall(r"^    limit_conn connections (\d+);$", routes, re.MULTILINE)
    assert int(counted) == _number(r"^limit_conn connections (\d+);", routes), "they are counted among all"
    assert 2 * _number(r"streams (\d+)", streams.directives["limit_conn"]) <= int(counted)


def test_it_is_published_on_ipv4_only(gateway: Any) -> None:
    for port in gateway["ports"]:
        assert re.fullmatch(r"\$\{GATEWAY_HTTPS?:-127\.0\.0\.1:\d+\}:\d+", port), port
