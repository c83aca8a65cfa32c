"""The inboxes over HTTP, for scripts and for people."""

from email.message import EmailMessage

import pytest
from simulators.attachments import Attachment
from simulators.fonnte.orders import Order
from simulators.fonnte.targets import Target
from simulators.testing import Stage, playing

HOSTILE = '<script>alert("1")</script>'


def receive(stage: Stage, *, subject: str = "Hi", text: str = "Hi", to: str = "budi@example.com") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail.set_content(text)
    stage.simulators.mail.receive("race@example.org", [to], mail.as_bytes())
    return mail


async def test_whatsapp_is_filtered_by_number_in_any_spelling(stage: Stage) -> None:
    await stage.send(target="081234567890,081345678901", message="Hi")

    for spelling in ("081234567890", "6281234567890", "+62 812-3456-7890"):
        assert [item["to"] for item in await stage.items("whatsapp", to=spelling)] == ["6281234567890"]
    assert await stage.items("whatsapp", to="nobody") == []


@pytest.mark.parametrize("channel", ["mail", "whatsapp"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"mode": "odd"}, "mode"),
        ({}, "mode"),
        ({"mode": "ok", "for": "ever"}, "for"),
        ({"mode": None}, "mode"),
        (["ok"], ""),
    ],
)
async def test_a_wrong_mode_is_refused_by_name_and_changes_nothing(
    stage: Stage, channel: str, body: object, field: str
) -> None:
    await stage.mode(channel, "failing")

    answer = await stage.http.post(f"/simulators/{channel}/mode", json=body, headers={"X-Correlation-ID": "c-1"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["status"], problem["correlation_id"]) == ("invalid_fields", 422, "c-1")
    assert [error["field"] for error in problem["errors"]] == [field]
    simulators = stage.simulators
    assert (simulators.mail.mode if channel == "mail" else simulators.whatsapp.mode) == "failing"


@pytest.mark.parametrize(
    ("channel", "modes"),
    [("mail", ["failing", "deferred", "down", "ok"]), ("whatsapp", ["failing", "disconnected", "timeout", "ok"])],
)
async def test_every_mode_can_be_set_and_is_answered(stage: Stage, channel: str, modes: list[str]) -> None:
    for mode in modes:
        answer = await stage.http.post(f"/simulators/{channel}/mode", json={"mode": mode})
        assert (answer.status_code, answer.json()) == (200, {"mode": mode})


@pytest.mark.parametrize(
    "path", ["mail/none/raw", "mail/none/html", "mail/none/attachments/0", "whatsapp/none/attachments/0"]
)
async def test_what_is_not_there_is_a_404_problem(stage: Stage, path: str) -> None:
    answer = await stage.http.get(f"/simulators/{path}")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_clearing_one_inbox_leaves_the_other(stage: Stage) -> None:
    receive(stage)
    await stage.send(target="081234567890", message="Hi")

    assert (await stage.http.delete("/simulators/mail")).status_code == 204
    assert await stage.items("mail") == []
    assert len(await stage.items("whatsapp")) == 1

    assert (await stage.http.delete("/simulators/whatsapp")).status_code == 204
    assert await stage.items("whatsapp") == []


async def test_only_the_newest_messages_are_remembered() -> None:
    async with playing(keep_messages=3) as stage:
        for number in range(5):
            receive(stage, subject=f"Mail {number}")
            await stage.send(target="081234567890", message=f"Chat {number}")

        assert [item["subject"] for item in await stage.items("mail")] == ["Mail 2", "Mail 3", "Mail 4"]
        assert [item["text"] for item in await stage.items("whatsapp")] == ["Chat 2", "Chat 3", "Chat 4"]


async def test_large_messages_push_out_older_ones_by_weight() -> None:
    async with playing(keep_bytes=100_000) as stage:
        for number in range(5):
            receive(stage, subject=f"Mail {number}", text="x" * 20_000)
            stage.simulators.whatsapp.accept([_order(Attachment("f", "image/png", bytes(40_000)))])

        assert [item["subject"] for item in await stage.items("mail")] == ["Mail 3", "Mail 4"]
        assert len(await stage.items("whatsapp")) == 2
        receive(stage, text="x" * 200_000)
        assert await stage.items("mail") == []


async def test_the_page_shows_both_inboxes_newest_first(stage: Stage) -> None:
    receive(stage, subject="Older mail")
    receive(stage, subject="Newer mail", text="Pay at https://race.example/pay?a=1&b=2 today")
    await stage.send(target="081234567890", message="A chat")

    page = await stage.http.get("/simulators")

    assert page.text.index("Newer mail") < page.text.index("Older mail")
    assert "A chat" in page.text
    assert '<a href="https://race.example/pay?a=1&amp;b=2"' in page.text
    assert (await stage.http.get("/simulators/style.css")).headers["content-type"].startswith("text/css")


async def test_nothing_from_outside_becomes_markup_on_the_page(stage: Stage) -> None:
    receive(stage, subject=HOSTILE, text=f"{HOSTILE} https://x.example/\"onclick='1'", to=f"{HOSTILE}@example.com")
    await stage.fonnte(
        "send",
        data={"target": "081234567890", "message": HOSTILE, "url": f"https://x.example/{HOSTILE}"},
        files={"file": (HOSTILE, b"x", f"image/{HOSTILE}")},
    )

    page = await stage.http.get("/simulators")

    assert page.text.count("&lt;script&gt;") >= 5
    assert "<script" not in page.text
    assert '"onclick' not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "script-src" not in page.headers["content-security-policy"]


async def test_html_mail_is_sandboxed_with_its_inline_images(stage: Stage) -> None:
    mail = EmailMessage()
    mail.set_content("Hi")
    mail.add_alternative('<img src="cid:qr@race"><img src="cid:other">' + HOSTILE, subtype="html")
    mail.get_payload()[1].add_related(b"PNG", "image", "png", cid="<qr@race>")  # type: ignore[index, union-attr]  # parts
    stage.simulators.mail.receive("race@example.org", ["budi@example.com"], mail.as_bytes())
    (item,) = await stage.items("mail")

    answer = await stage.http.get(f"/simulators/mail/{item['id']}/html")

    assert 'src="data:image/png;base64,UE5H"' in answer.text
    assert 'src="cid:other"' in answer.text
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"sandbox", "default-src 'none'"} <= set(policy)
    page = (await stage.http.get("/simulators")).text
    assert (
        f'<iframe sandbox="" loading="lazy" title="HTML of the mail" src="/simulators/mail/{item["id"]}/html"' in page
    )


@pytest.mark.parametrize(
    ("content_type", "served_as", "way"),
    [
        ("image/png", "image/png", "inline"),
        ("text/html", "text/html; charset=utf-8", "attachment"),
        ("image/svg+xml", "image/svg+xml", "attachment"),
        ("bad type\r\nX-Evil: 1", "application/octet-stream", "attachment"),
    ],
)
async def test_a_strangers_file_cannot_act_as_a_page_of_this_site(
    stage: Stage, content_type: str, served_as: str, way: str
) -> None:
    file = Attachment('a"\r\nb é.html', content_type, b"<script>")
    (message,) = stage.simulators.whatsapp.accept([_order(file)])

    answer = await stage.http.get(f"/simulators/whatsapp/{message.id}/attachments/0")

    assert answer.headers["content-type"] == served_as
    assert answer.headers["content-disposition"] == f"{way}; filename*=UTF-8''a%22%0D%0Ab%20%C3%A9.html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "x-evil" not in answer.headers


def _order(attachment: Attachment) -> Order:
    return Order(
        targets=[Target("6281234567890")],
        text="",
        url=None,
        attachments=(attachment,),
        schedule=None,
        delay=0,
        connect_only=True,
    )
