"""Whatever is sent to it, the gateway answers as the services do, and says nothing about the inside."""

import ssl
import subprocess
from typing import Any

import httpx
import pytest

from .conftest import OpenGateway
from .server import Gateway
from .wire import ask, request

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LONG = b"a" * 9000

CHUNKED = "Transfer-Encoding: chunked"
EVENTS = "/api/registration/v1/events"

BAD: dict[str, tuple[bytes, int]] = {
    "a NUL, written": (request("GET", "/%00"), 400),
    "a NUL": (b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "above the root": (request("GET", "/.."), 400),
    "to the metrics by way of above the root": (request("GET", "/../metrics"), 400),
    "a small method": (request("get", "/"), 400),
    "CONNECT": (request("CONNECT", "example.org:443"), 400),
    "OPTIONS *": (request("OPTIONS", "*"), 400),
    "HTTP/2 without asking": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a byte that no address has": (b"GET /api/identity/v1/\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "a host that is none": (b"GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400),
    "TLS at the plain port": (b"\x16\x03\x01\x00\xff\r\n\r\n", 400),
    "health in a state that it is not in": (request("GET", "/health/live", 'If-Match: "x"'), 412),
    "a state that it is not in": (request("GET", EVENTS, 'If-Match: "x"'), 412),
    "a bad chunk to nowhere": (request("POST", "/nowhere", CHUNKED) + b"zz\r\n", 400),
    "a bad chunk to the inside of errors": (request("POST", "/problem", CHUNKED) + b"zz\r\n", 400),
    "a bad chunk with a method nobody serves": (request("TRACK", "/x", CHUNKED) + b"zz\r\n", 400),
    "a line feed at the end": (request("GET", f"{EVENTS}%0A"), 400),
    "a carriage return": (request("GET", f"{EVENTS}%0D"), 400),
    "a delete": (request("POST", "/api/identity/v1/login%7f"), 400),
    "two lengths": (request("POST", "/api/identity/v1/login", "Content-Length: 5", "Content-Length: 6"), 400),
    "a method nobody serves": (request("TRACK", "/api/identity/v1/login"), 405),
    "a method as long as a line": (request("X" * 100, "/"), 405),
    "TRACE": (request("TRACE", "/"), 405),
    "a long address": (b"GET /" + LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "a long header": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + LONG + b"\r\n\r\n", 431),
    "many headers": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: 0123456789\r\n" * 3000 + b"\r\n", 431),
    "a body in another coding": (request("POST", "/api/identity/v1/login", "Transfer-Encoding: gzip"), 501),
    "a version of HTTP as text": (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    "a body too large": (request("POST", "/api/identity/v1/login", "Content-Length: 65537"), 413),
    "nowhere": (request("GET", "/api/nowhere"), 404),
    "no page": (request("GET", "/nowhere"), 404),
    "a page with a method nobody serves": (request("TRACK", "/en/races/lari"), 405),
    "a form too large": (request("POST", "/races/lari/register/5k", "Content-Length: 65537"), 413),
    "a service without its slash": (request("GET", "/api/registration/v1"), 404),
    "metrics": (request("GET", "/metrics"), 404),
    "the inside of errors": (request("GET", "/problem"), 404),
}


@pytest.mark.parametrize("case", BAD)
async def test_what_is_wrong_is_a_problem_with_the_right_status(gateway: Gateway, case: str) -> None:
    sent, status = BAD[case]

    answer = await ask(gateway.port, sent)

    assert answer.status == status
    assert answer.is_page or answer.problem["status"] == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ("allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize("case", [each for each, (_, status) in BAD.items() if status != 404])
async def test_the_server_that_only_redirects_says_it_likewise(open_gateway: OpenGateway, case: str) -> None:
    sent, status = BAD[case]
    gateway = await open_gateway(https=True)

    answer = await ask(gateway.port, sent)

    # What a redirect never reads, it does not judge.
    assert answer.status in (status, 308), answer
    if answer.status != 308:
        assert answer.is_page or answer.problem["status"] == status


async def test_a_service_says_itself_what_it_does_not_serve(gateway: Gateway) -> None:
    answer = await ask(gateway.port, request("DELETE", "/api/registration/v1/events"))

    assert answer.problem["code"] == "method_not_allowed"
    assert answer.headers["allow"].count("GET") == 1


async def test_a_redirect_names_the_public_name_and_no_inner_port(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(https=True)

    answer = await ask(gateway.port, b"POST /api/identity/v1/login?x=1 HTTP/1.1\r\nHost: evil.example\r\n\r\n")

    assert (answer.status, answer.headers["location"]) == (308, "https://race.example/api/identity/v1/login?x=1")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-correlation-id"]
    assert "strict-transport-security" not in answer.headers, "it is said over TLS only"


@pytest.mark.parametrize("path", ["/r/some-id/A-b_9", "/api/registration/v1", "/api/payment/v1"])
async def test_no_answer_says_the_callers_host_or_the_port_inside(gateway: Gateway, path: str) -> None:
    answer = await ask(gateway.port, f"GET {path} HTTP/1.1\r\nHost: evil.example\r\n\r\n".encode())

    said = repr(answer)
    assert "evil.example" not in said
    assert str(gateway.port) not in said


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_over_tls_browsers_are_told_to_stay_there(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(https=True)
    async with httpx.AsyncClient(verify=_trusting()) as http:
        answer = await http.get(f"https://127.0.0.1:{gateway.tls_port}/api/registration/v1/events")

    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_plain_http_at_the_port_for_tls_is_told_so(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(https=True)

    answer = await ask(gateway.tls_port, request("GET", "/"))

    assert answer.problem["code"] == "bad_request"


def _handshake(port: int, *options: str) -> str:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-cipher", "ALL:@SECLEVEL=0", *options]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=20, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "AES256-GCM-SHA384:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "CAMELLIA128-SHA:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ARIA128-GCM-SHA256:ECDHE-ECDSA-ARIA128-GCM-SHA256:@SECLEVEL=0"),
        ("-tls1_1",),
        ("-tls1",),
    ],
)
async def test_what_keeps_no_secret_for_the_future_is_not_spoken(
    open_gateway: OpenGateway, options: tuple[str, ...]
) -> None:
    gateway = await open_gateway(https=True)

    assert "Cipher is (NONE)" in _handshake(gateway.tls_port, *options)


async def test_forward_secrecy_and_http2_are_spoken(open_gateway: OpenGateway) -> None:
    gateway = await open_gateway(https=True)

    for version, cipher in (("-tls1_2", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("-tls1_3", "TLS_AES_128_GCM_SHA256")):
        only = ("-ciphersuites", cipher) if version == "-tls1_3" else ("-cipher", cipher)
        said = _handshake(gateway.tls_port, version, "-alpn", "h2", *only)
        assert f"Cipher is {cipher}" in said
        assert "ALPN protocol: h2" in said


async def test_an_answer_in_the_language_that_is_asked_for(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as http:
        found: Any = (await http.get("/api/nowhere", headers={"Accept-Language": "id-ID,id;q=0.9"})).json()

    assert found["detail"] == "Tidak ada apa-apa di sini."
