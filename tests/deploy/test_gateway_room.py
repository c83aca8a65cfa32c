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


OF_AN_ADDRESS = _number(r"^limit_conn connections (\d+);", (DEPLOY / "gateway" / "routes.conf").read_text())


def _rooms(gateway: Any) -> dict[str, int]:
    return {path: size(re.findall(r"size=(\w+)", options)[0]) for path, _, options in map(_parted, gateway["tmpfs"])}


def _parted(tmpfs: str) -> tuple[str, str, str]:
    return tmpfs.partition(":")


def _connections() -> int:
    return _number(r"^worker_processes (\d+);", NGINX) * _number(r"worker_connections (\d+);", NGINX)


@pytest.mark.parametrize("process", ["payment-api", "web"])
def test_as_many_uploads_as_a_service_reads_at_once_fit_into_its_room(process: str) -> None:
    container = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())["services"][process]
    assert _rooms(container)["/tmp"] >= LARGE_BODIES * FORM_BYTES


def test_no_body_needs_room(gateway: Any) -> None:
    assert "\nproxy_request_buffering off;" in FORWARDING
    assert _rooms(gateway).keys() == {"/tmp", "/etc/nginx/conf.d", "/var/cache/nginx/cache"}


def test_a_stream_may_begin_before_its_client_knows_the_limits() -> None:
    assert _number(r"http2_body_preread_size (\w+);", NGINX) > 65_535, "or nginx refuses it"


def test_the_cache_fits_into_its_room_with_what_is_being_written(gateway: Any) -> None:
    most = sum(map(size, re.findall(r"max_size=(\w+)", FORWARDING)))
    assert 1.5 * most <= _rooms(gateway)["/var/cache/nginx/cache"]
    assert "proxy_max_temp_file_size 0;" in FORWARDING, "no answer is written there on its way"


def test_all_rooms_and_all_connections_fit_into_the_memory(gateway: Any) -> None:
    streams = _number(r"http2_max_concurrent_streams (\d+);", NGINX)
    each = _number(r"client_body_buffer_size (\w+);", NGINX) + _HEADER_BUFFERS + _TLS + streams * _STREAM
    assert "large_client_header_buffers 4 8k;" in NGINX
    bodies = 40 * OF_AN_ADDRESS * _number(r"http2_body_preread_size (\w+);", NGINX)
    assert sum(_rooms(gateway).values()) + _connections() * each + bodies <= size(gateway["mem_limit"]) * 1.02


def test_each_connection_may_have_a_file_and_a_service_behind_it(gateway: Any) -> None:
    files = _number(r"^worker_rlimit_nofile (\d+);", NGINX)
    assert files >= 2 * _number(r"worker_connections (\d+);", NGINX)
    assert gateway["ulimits"]["nofile"] >= files


def test_one_address_is_a_small_part_of_everybody() -> None:
    assert _connections() >= OF_AN_ADDRESS * 40
    assert _number(r"limit_conn uploading (\d+);", UPLOADS) < OF_AN_ADDRESS


def test_streams_leave_half_of_an_addresss_connections_to_all_else() -> None:
    streams = [each for each in locations() if each.directives.get("limit_conn", "").startswith("streams ")]
    assert {each.upstream for each in streams} == {"registration-api:8000", "web:8000"}
    routes = (DEPLOY / "gateway" / "routes.conf").read_text()
    counted = re.findall(r"^    limit_conn connections (\d+);$", routes, re.MULTILINE)
    assert counted == [str(OF_AN_ADDRESS)] * len(streams), "they are counted among all"
    for each in streams:
        assert 2 * _number(r"streams (\d+)", each.directives["limit_conn"]) <= OF_AN_ADDRESS


def test_it_is_published_on_ipv4_only(gateway: Any) -> None:
    for port in gateway["ports"]:
        assert re.fullmatch(r"\$\{GATEWAY_HTTPS?:-127\.0\.0\.1:\d+\}:\d+", port), port
