"""What the platform is told about its WhatsApp messages, and the answer that never comes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from simulators.testing import eventually, listening, playing


class Receiver:
    """A webhook that keeps what it is told; answers as asked, then with 200."""

    def __init__(self) -> None:
        self.url = ""
        self.updates: list[dict[str, Any]] = []
        self.answers: list[int] = []

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part["body"], part["more_body"]
        self.updates.append(httpx.Response(200, content=body).json())
        status = self.answers.pop(0) if self.answers else 200
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def settings(self, **others: Any) -> dict[str, Any]:
        return {"fonnte_webhook_url": self.url, "fonnte_webhook_gap_seconds": 0.01, **others}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with listening(receiver) as url:
        receiver.url = url
        yield receiver


async def test_the_webhook_hears_sent_and_then_delivered_by_stateid_alone(receiver: Receiver) -> None:
    async with playing(**receiver.settings()) as stage:
        answer = await stage.send(target="081234567890", message="Hi")
        await eventually(lambda: len(receiver.updates) == 2)

    sent, delivered = receiver.updates
    assert (sent["id"], sent["status"], sent["state"]) == (answer["id"][0], "sent", "sent")
    assert delivered["state"] == "delivered"
    assert delivered["stateid"] == sent["stateid"]
    assert delivered["device"] == sent["device"]
    assert not {"id", "status"} & delivered.keys()


async def test_only_200_counts_and_everything_else_is_tried_again_in_order(receiver: Receiver) -> None:
    receiver.answers = [500, 204, 302, 200]
    async with playing(**receiver.settings()) as stage:
        await stage.send(target="081234567890", message="Hi")
        await eventually(lambda: len(receiver.updates) == 5)

    assert [update["state"] for update in receiver.updates] == ["sent"] * 4 + ["delivered"]


async def test_a_webhook_that_never_agrees_is_given_up_and_the_message_still_arrives(receiver: Receiver) -> None:
    receiver.answers = [503] * 6
    async with playing(**receiver.settings(fonnte_webhook_attempts=3)) as stage:
        await stage.send(target="081234567890", message="Hi")
        await eventually(lambda: not receiver.answers)
        assert [item["status"] for item in await stage.items("whatsapp")] == ["delivered"]

    assert [update["state"] for update in receiver.updates] == ["sent"] * 3 + ["delivered"] * 3


async def test_a_webhook_that_is_not_there_does_not_stop_deliveries() -> None:
    async with playing(
        fonnte_webhook_url="http://127.0.0.1:9/", fonnte_webhook_attempts=2, fonnte_webhook_gap_seconds=0
    ) as stage:
        answer = await stage.send(target="081234567890", message="Hi")
        message = stage.simulators.whatsapp.get(answer["id"][0])
        await eventually(lambda: message is not None and message.status == "delivered")


async def test_an_unreachable_number_is_never_reported(receiver: Receiver) -> None:
    async with playing(**receiver.settings(fonnte_unreachable="081100000000")) as stage:
        await stage.send(target="081100000000", message="Hi")
        reached = await stage.send(target="081234567890", message="Hi")
        await eventually(lambda: len(receiver.updates) == 2)

    assert receiver.updates[0]["id"] == reached["id"][0]


async def test_in_timeout_the_message_arrives_but_the_answer_does_not(receiver: Receiver) -> None:
    async with playing(**receiver.settings()) as stage, listening(stage.simulators.app) as url:
        await stage.mode("whatsapp", "timeout")
        async with httpx.AsyncClient(timeout=0.3, headers={"Authorization": "token"}) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(f"{url}/simulators/fonnte/send", data={"target": "081234567890", "message": "Hi"})

        assert [item["text"] for item in await stage.items("whatsapp", to="081234567890")] == ["Hi"]
        await eventually(lambda: [update["state"] for update in receiver.updates] == ["sent", "delivered"])


async def test_a_caller_patient_enough_gets_its_answer_in_the_end() -> None:
    async with playing(fonnte_hold_seconds=0.2) as stage:
        await stage.mode("whatsapp", "timeout")
        began = time.monotonic()
        answer = await stage.send(target="081234567890", message="Hi")

    assert answer["status"] is True
    assert time.monotonic() - began >= 0.2


async def test_a_caller_that_hung_up_is_not_waited_for() -> None:
    async with playing() as stage:
        await stage.mode("whatsapp", "timeout")
        async with listening(stage.simulators.app) as url, httpx.AsyncClient() as client:
            call = asyncio.create_task(_send(client, url))
            await eventually(lambda: list(stage.simulators.whatsapp.messages()))
            call.cancel()
            await asyncio.wait({call})
            began = time.monotonic()

    assert time.monotonic() - began < 5


async def test_stopping_lets_go_of_a_caller_kept_waiting() -> None:
    async with playing() as stage, listening(stage.simulators.app) as url, httpx.AsyncClient(timeout=30) as client:
        await stage.mode("whatsapp", "timeout")
        call = asyncio.create_task(_send(client, url))
        await eventually(lambda: list(stage.simulators.whatsapp.messages()))
        assert not call.done()

        await stage.simulators.stop()

        answer = await asyncio.wait_for(call, 5)
        assert answer.json()["status"] is True


async def test_stopping_ends_deliveries_under_way() -> None:
    before = asyncio.all_tasks()
    async with playing(fonnte_delivered_after_seconds=3600) as stage:
        idle = asyncio.all_tasks()
        await stage.send(target="081234567890,081345678901", message="Hi")
        assert len(asyncio.all_tasks() - idle) == 2

    assert asyncio.all_tasks() == before


async def test_no_more_deliveries_are_under_way_than_messages_are_remembered() -> None:
    async with playing(keep_messages=3, fonnte_delivered_after_seconds=3600) as stage:
        idle = asyncio.all_tasks()
        for _ in range(10):
            await stage.send(target="081234567890", message="Hi")
        await eventually(lambda: len(asyncio.all_tasks() - idle) == 3)


async def _send(client: httpx.AsyncClient, url: str) -> httpx.Response:
    fields = {"target": "081234567890", "message": "Hi"}
    return await client.post(f"{url}/simulators/fonnte/send", data=fields, headers={"Authorization": "token"})
