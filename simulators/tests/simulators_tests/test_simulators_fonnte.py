"""Fonnte's API as its callers meet it."""

import json
import time

import pytest
from simulators.testing import Stage, eventually, playing

TOKEN = "device-token"


async def test_a_message_is_queued_and_answered_as_fonnte_does(stage: Stage) -> None:
    answer = await stage.send(target="081234567890", message="Halo Budi")

    assert answer["status"] is True
    assert answer["process"] == "pending"
    assert answer["target"] == ["6281234567890"]
    assert isinstance(answer["requestid"], int)
    (item,) = await stage.items("whatsapp")
    assert answer["id"] == [item["id"]]
    assert (item["to"], item["text"], item["attachments"]) == ("6281234567890", "Halo Budi", [])
    assert item["received_at"].endswith("Z")


async def test_several_targets_each_get_their_own_personal_message(stage: Stage) -> None:
    answer = await stage.send(
        target="0812 3456 7890|Budi|FR5K-00001, +62 813-4567-8901|Siti|FR5K-00002", message="{name}: {var1}"
    )

    items = await stage.items("whatsapp")
    assert answer["id"] == [item["id"] for item in items]
    assert [(item["to"], item["text"]) for item in items] == [
        ("6281234567890", "Budi: FR5K-00001"),
        ("6281345678901", "Siti: FR5K-00002"),
    ]


async def test_braces_stay_as_they_are_when_a_target_has_no_values(stage: Stage) -> None:
    await stage.send(target="081234567890", message="{name}")

    assert [item["text"] for item in await stage.items("whatsapp")] == ["{name}"]


@pytest.mark.parametrize(
    ("code", "number", "reached"),
    [("60", "0123456789", "60123456789"), ("0", "0123456789", "0123456789"), ("62", "60123456789", "60123456789")],
)
async def test_the_country_code_replaces_a_leading_zero_only(
    stage: Stage, code: str, number: str, reached: str
) -> None:
    answer = await stage.send(target=number, message="Hi", countryCode=code)

    assert answer["target"] == [reached]


async def test_a_group_can_be_a_target(stage: Stage) -> None:
    assert (await stage.send(target="120363025@g.us", message="Hi"))["target"] == ["120363025@g.us"]


@pytest.mark.parametrize("token", [None, "", "wrong", f"Bearer {TOKEN}"])
async def test_only_the_raw_device_token_opens(token: str | None) -> None:
    async with playing(fonnte_token=TOKEN) as stage:
        for call in ("send", "device", "validate"):
            answer = await stage.fonnte(call, token=token, data={"target": "081234567890", "message": "Hi"})
            assert (answer["status"], answer["reason"]) == (False, "token invalid")
        assert (await stage.send(token=TOKEN, target="081234567890", message="Hi"))["status"] is True
        assert len(await stage.items("whatsapp")) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"message": "Hi"}, "input invalid"),
        ({"target": " ", "message": "Hi"}, "input invalid"),
        ({"target": ",", "message": "Hi"}, "target invalid"),
        ({"target": "budi", "message": "Hi"}, "target invalid"),
        ({"target": "081234567890,12", "message": "Hi"}, "target invalid"),
        ({"target": "٠٨١٢٣٤٥٦٧٨٩", "message": "Hi"}, "target invalid"),
        ({"target": "081234567890"}, "input invalid"),
        ({"target": "081234567890", "message": "x" * 60_001}, "input invalid"),
        ({"target": "081234567890", "message": "Hi", "countryCode": "ID"}, "input invalid"),
        ({"target": "081234567890", "message": "Hi", "delay": "soon"}, "input invalid"),
        ({"target": "081234567890", "message": "Hi", "schedule": "tomorrow"}, "input invalid"),
        ({"target": "081234567890", "message": "Hi", "connectOnly": "maybe"}, "input invalid"),
        ({"target": "081234567890", "message": "Hi", "typing": "maybe"}, "input invalid"),
        ({"target": "081234567890", "url": "ftp://files/ticket.pdf"}, "url invalid"),
        ({"target": "081234567890", "url": "http://[broken"}, "url invalid"),
        ({"data": "[{]"}, "JSON format invalid"),
        ({"data": "{}"}, "JSON format invalid"),
        ({"data": "[" * 100_000}, "JSON format invalid"),
        ({"data": '[{"message": "Hi"}]'}, "input invalid"),
    ],
)
async def test_what_fonnte_refuses_is_refused_with_its_reason(
    stage: Stage, fields: dict[str, str], reason: str
) -> None:
    answer = await stage.send(**fields)

    assert (answer["status"], answer["reason"]) == (False, reason)
    assert isinstance(answer["requestid"], int)
    assert await stage.items("whatsapp") == []


async def test_many_messages_can_come_as_one_json_list(stage: Stage) -> None:
    orders = [
        {"target": "081234567890", "message": "One", "typing": True},
        {"target": "081345678901", "message": "Two \ud800", "delay": "5-10"},
    ]

    answer = await stage.send(data=json.dumps(orders))

    assert answer["target"] == ["6281234567890", "6281345678901"]
    assert [item["text"] for item in await stage.items("whatsapp")] == ["One", "Two ?"]


async def test_a_body_that_is_no_form_is_refused(stage: Stage) -> None:
    as_json = await stage.fonnte("send", json={"target": "081234567890", "message": "Hi"})
    broken = await stage.http.post(
        "/simulators/fonnte/send",
        content=b"not the boundary",
        headers={"Authorization": TOKEN, "Content-Type": "multipart/form-data; boundary=x"},
    )

    assert as_json["reason"] == broken.json()["reason"] == "input invalid"


async def test_a_file_arrives_with_its_name_type_and_bytes(stage: Stage) -> None:
    await stage.fonnte(
        "send",
        data={"target": "081234567890", "message": "Your ticket", "filename": "ticket.pdf"},
        files={"file": ("upload.tmp", b"%PDF-1.7 ...", "application/pdf")},
    )

    (item,) = await stage.items("whatsapp", to="081234567890")
    assert item["attachments"] == [{"filename": "ticket.pdf", "content_type": "application/pdf", "size": 12}]
    file = await stage.http.get(f"/simulators/whatsapp/{item['id']}/attachments/0")
    assert file.content == b"%PDF-1.7 ..."
    assert (await stage.http.get(f"/simulators/whatsapp/{item['id']}/attachments/1")).status_code == 404


async def test_a_file_over_four_megabytes_is_refused(stage: Stage) -> None:
    answer = await stage.fonnte(
        "send",
        data={"target": "081234567890"},
        files={"file": ("big.bin", b"x" * (4 * 1024 * 1024 + 1), "application/octet-stream")},
    )

    assert (answer["status"], answer["reason"]) == (False, "file size must under 4MB")


async def test_a_link_to_a_file_is_shown_with_the_message(stage: Stage) -> None:
    await stage.send(target="081234567890", url="https://race.example/qr.png")

    (item,) = await stage.items("whatsapp")
    assert (item["url"], item["text"]) == ("https://race.example/qr.png", "")


async def test_quota_counts_targets_and_runs_out_for_all_or_none() -> None:
    async with playing(fonnte_quota=3) as stage:
        assert (await stage.send(target="081234567890,081345678901", message="Hi"))["status"] is True
        refused = await stage.send(target="081234567890,081345678901", message="Hi")

        assert refused["reason"] == "insufficient quota"
        assert (await stage.fonnte("device"))["quota"] == "1"
        assert len(await stage.items("whatsapp")) == 2


async def test_a_failing_account_refuses_and_keeps_nothing() -> None:
    async with playing(fonnte_failing_reason="file format not supported") as stage:
        await stage.mode("whatsapp", "failing")
        answer = await stage.send(target="081234567890", message="Hi")

        assert (answer["status"], answer["reason"]) == (False, "file format not supported")
        assert await stage.items("whatsapp") == []


async def test_a_disconnected_device_refuses_and_says_so(stage: Stage) -> None:
    assert (await stage.fonnte("device"))["device_status"] == "connect"
    await stage.mode("whatsapp", "disconnected")

    refused = await stage.send(target="081234567890", message="Hi")

    assert (refused["status"], refused["reason"]) == (False, "request invalid on disconnected device")
    device = await stage.fonnte("device")
    assert (device["status"], device["device_status"]) == (True, "disconnect")
    assert (await stage.fonnte("validate", data={"target": "081234567890"}))["status"] is False


async def test_what_may_wait_for_the_device_is_delivered_when_it_comes_back(stage: Stage) -> None:
    await stage.mode("whatsapp", "disconnected")
    answer = await stage.send(target="081234567890", message="Hi", connectOnly="false")
    assert answer["status"] is True
    assert [item["status"] for item in await stage.items("whatsapp")] == ["pending"]

    await stage.mode("whatsapp", "ok")

    message = stage.simulators.whatsapp.get(answer["id"][0])
    assert message is not None
    await eventually(lambda: message.status == "delivered")


async def test_a_number_that_is_not_on_whatsapp_is_accepted_and_never_reached() -> None:
    async with playing(fonnte_unreachable="0811-0000-0000, 6281100000001") as stage:
        answer = await stage.send(target="081100000000,081234567890", message="Hi")
        assert answer["status"] is True

        reached = stage.simulators.whatsapp.get(answer["id"][1])
        assert reached is not None
        await eventually(lambda: reached.status == "delivered")
        assert [item["status"] for item in await stage.items("whatsapp")] == ["pending", "delivered"]
        checked = await stage.fonnte("validate", data={"target": "081100000000,081100000001,081234567890"})
        assert checked["not_registered"] == ["6281100000000", "6281100000001"]
        assert checked["registered"] == ["6281234567890"]


async def test_a_scheduled_message_waits_for_its_time(stage: Stage) -> None:
    await stage.send(target="081234567890", message="Later", schedule=str(int(time.time()) + 3600))
    answer = await stage.send(target="081234567890", message="Now", schedule="0")

    now = stage.simulators.whatsapp.get(answer["id"][0])
    assert now is not None
    await eventually(lambda: now.status == "delivered")
    assert [item["status"] for item in await stage.items("whatsapp")] == ["waiting", "delivered"]


async def test_delay_spreads_targets_and_sequence_switches_it_off(stage: Stage) -> None:
    both = "081234567890,081345678901"
    spread = await stage.send(target=both, message="Hi", delay="60-90")
    at_once = await stage.send(target=both, message="Hi", delay="60", sequence="true")

    messages = {each.id: each for each in stage.simulators.whatsapp.messages()}
    first, second = (messages[each] for each in spread["id"])
    assert 59 < (second.due_at - first.due_at).total_seconds() < 61
    first, second = (messages[each] for each in at_once["id"])
    assert (second.due_at - first.due_at).total_seconds() < 1
