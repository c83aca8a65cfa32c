"""Larger bodies are counted from the moment they are read: those that wait, or may not come in, take no place."""

import asyncio

import pytest
from chassis.errors import TooSlow, Unavailable
from chassis.web import bodies as bodies_module
from chassis.web.bodies import BodyLimit, LargeBodies
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

PATH = "/pictures/1"


class Service:
    """Judges first; then reads until the body ends. `inside` are being read."""

    def __init__(self) -> None:
        self.inside = 0
        self.app = BodyLimit(self.answer, larger={"(?i:/pictures/.+)": 200_000})

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "stranger" not in scope["path"]:
            self.inside += 1
            while (await receive())["more_body"]:
                pass
            self.inside -= 1
        await PlainTextResponse("done")(scope, receive, send)

    def call(self, path: str, body: "asyncio.Queue[Message]", method: str = "POST") -> "asyncio.Task[None]":
        async def ignored(_: Message) -> None: ...

        scope = {"type": "http", "method": method, "path": path, "headers": []}
        return asyncio.create_task(self.app(scope, body.get, ignored))


@pytest.fixture
def service() -> Service:
    return Service()


def _body() -> "asyncio.Queue[Message]":
    return asyncio.Queue()


def _end(*bodies: "asyncio.Queue[Message]") -> None:
    for body in bodies:
        body.put_nowait({"type": "http.request", "body": b"x", "more_body": False})


async def test_the_maximum_is_of_those_that_are_read(service: Service) -> None:
    bodies = [_body() for _ in range(64)]
    held = [service.call(f"/pictures/{number}", body) for number, body in enumerate(bodies)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert service.inside == 64

    with pytest.raises(Unavailable) as refused:
        await service.call("/pictures/more", _body())
    await service.call("/pictures/stranger", _body())
    other = _body()
    _end(other)
    await service.call("/other", other)

    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "5")
    _end(*bodies)
    await asyncio.gather(*held)
    again = _body()
    _end(again)
    await service.call("/pictures/more", again)


async def test_one_path_takes_few_of_the_places(service: Service) -> None:
    bodies = [_body() for _ in range(4)]
    held = [service.call(path, body) for body, path in zip(bodies, (PATH, PATH.upper()) * 2, strict=True)]
    await asyncio.sleep(0.01)

    fifth, other = _body(), _body()
    _end(fifth, other)
    waits = service.call(PATH, fifth)
    await service.call("/pictures/2", other)

    assert not fifth.empty(), "unread"
    _end(*bodies)
    await asyncio.gather(*held, waits)


async def test_reading_a_path_that_takes_pictures_counts_for_nothing(service: Service) -> None:
    bodies = [_body() for _ in range(6)]
    held = [service.call(PATH, body, method="GET") for body in bodies]
    await asyncio.sleep(0.01)

    assert service.inside == 6
    _end(*bodies)
    await asyncio.gather(*held)


async def test_a_request_that_breaks_leaves_its_place(service: Service) -> None:
    held = [service.call(PATH, _body()) for _ in range(4)]
    await asyncio.sleep(0.01)
    for each in held:
        each.cancel()
    await asyncio.gather(*held, return_exceptions=True)

    body = _body()
    _end(body)
    await service.call(PATH, body)


async def test_what_left_is_forgotten() -> None:
    bodies = LargeBodies(most=1)
    for number in range(100):
        bodies.leave(await bodies.enter(str(number)))
    assert not bodies._paths


async def test_one_that_waits_for_its_path_for_too_long_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies_module, "_SECONDS", -6.0)  # and 6.1 s for its size
    service = Service()
    held = [service.call(PATH, _body()) for _ in range(4)]
    await asyncio.sleep(0)

    with pytest.raises(TooSlow):
        await service.call(PATH, _body())
    for each in held:
        each.cancel()
    await asyncio.gather(*held, return_exceptions=True)
