"""What a release is judged by: the requests that began while it went on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from testkit.polling import eventually

from . import release
from .release import LEAST_REQUESTS, MOST_SECONDS, Answers, Load, judge


class Service:
    """Answers as its path says: with a status, by breaking the connection, or when it is let go."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()
        self.asked = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        match request.url.path.removeprefix("/"):
            case path if path.startswith("api/"):
                return httpx.Response(422 if request.method == "POST" else 200)
            case "broken":
                raise httpx.ReadError("reset", request=request)
            case "slow":
                await self.waits.wait()
                return httpx.Response(503)
            case status:
                return httpx.Response(int(status))


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(service), base_url="http://x") as client:
        yield client


async def test_errors_of_the_server_and_broken_connections_count_and_refusals_by_rule_do_not(
    http: httpx.AsyncClient,
) -> None:
    answers = Answers()
    async with answers.of(http):
        for path in ("/201", "/409", "/422", "/429", "/400", "/503", "/500"):
            await http.get(path)
        with pytest.raises(httpx.ReadError):
            await http.post("/broken")
    assert answers.counts == dict.fromkeys(("201", "409", "422", "429", "400", "503", "500", "ReadError"), 1)
    assert answers.errors == {"429": 1, "400": 1, "503": 1, "500": 1, "ReadError": 1}


async def test_it_is_when_a_request_began_that_counts(http: httpx.AsyncClient, service: Service) -> None:
    before = asyncio.create_task(http.get("/slow"))
    await eventually(lambda: service.asked == 1)
    answers = Answers()
    async with answers.of(http):
        meanwhile = asyncio.create_task(http.get("/slow"))
        await eventually(lambda: service.asked == 2)
        asyncio.get_running_loop().call_later(0.1, service.waits.set)
    await asyncio.gather(before, meanwhile)
    await http.get("/500")
    assert answers.errors == {"503": 1}


def _answers(slowest: float = 0.9, late: int = 0, **counts: int) -> Answers:
    counted = Counter({what.removeprefix("s"): count for what, count in counts.items()})
    return Answers(counted, [(slowest, "GET /")], late)


def test_enough_quick_answers_without_errors_are_good() -> None:
    load = _answers(MOST_SECONDS, late=1, s200=LEAST_REQUESTS - 2, s409=1, s422=1)
    assert list(judge(load, _answers(MOST_SECONDS, late=3, s200=3))) == []


@pytest.mark.parametrize(
    ("load", "runners", "said"),
    [
        (_answers(s200=LEAST_REQUESTS, s429=2), _answers(), "of 1002 requests {'429': 2}"),
        (_answers(s200=LEAST_REQUESTS, s503=1), _answers(), "of 1001 requests {'503': 1}"),
        (_answers(s200=LEAST_REQUESTS), _answers(s200=1, s503=1), "of 2 requests {'503': 1}"),
        (_answers(s200=LEAST_REQUESTS - 1), _answers(s200=1), "999 requests say little; 1000 are needed"),
        (_answers(), _answers(s200=LEAST_REQUESTS), "0 requests say little; 1000 are needed"),
        (_answers(1.01, late=2, s200=LEAST_REQUESTS), _answers(), "2 of 1000 answers took over 1 s"),
        (_answers(5.01, late=1, s200=LEAST_REQUESTS), _answers(), "an answer took 5.01 s"),
        (_answers(s200=LEAST_REQUESTS), _answers(5.01, s201=1), "an answer took 5.01 s"),
    ],
)
def test_what_is_wrong_with_a_change_is_said(load: Answers, runners: Answers, said: str) -> None:
    assert list(judge(load, runners)) == [said]


async def test_the_load_goes_on_until_there_was_enough_and_it_is_told_to_stop(http: httpx.AsyncClient) -> None:
    runners, stopped, stop = Answers(), asyncio.Event(), asyncio.Event()
    stopped.set()
    async with runners.of(http):
        await (enough := Load(http, every=0)).go_on(stopped, least=90)
        asyncio.get_running_loop().call_later(0.2, stop.set)
        await (told := Load(http, every=0.01)).go_on(stop, least=1)
    assert enough.answers.total == 90
    assert told.answers.total > 5
    assert enough.answers.errors == {}
    assert 25 < enough.answers.counts["422"] < 45
    # and these are not the runners'
    assert runners.total == 0


async def test_the_load_is_not_slowed_down_by_answers_that_take_long(
    http: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release, "_ROUND", ["/slow"])
    stopped = asyncio.Event()
    stopped.set()
    loading = asyncio.create_task(Load(http, every=0).go_on(stopped, least=30))
    await eventually(lambda: service.asked == 30)
    service.waits.set()
    await loading
