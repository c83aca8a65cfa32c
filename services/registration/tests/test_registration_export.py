"""What leaves as a file: participants as CSV, tickets as QR images."""

import asyncio
import csv
import io
import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import zxingcpp
from chassis.auth.principals import Role
from PIL import Image
from registration.entries.queries import EXPORT_COLUMNS
from sqlalchemy import text

_COLUMNS = [
    *("registration_number", "status", "registration_type", "category", "bib_number", "full_name", "is_pic", "email"),
    *("whatsapp", "gender", "date_of_birth", "jersey_size", "identity_number", "emergency_contact_name"),
    *("emergency_contact_phone", "registered_at"),
]


async def _download(race: Any, role: Role = Role.ADMIN, **parameters: Any) -> httpx.Response:
    path = race.url("/participants.csv")
    answer: httpx.Response = await race.http.get(path, params=parameters, headers=race.staff(role))
    return answer


async def _rows(race: Any, **parameters: Any) -> list[dict[str, str]]:
    answer = await _download(race, **parameters)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_an_export_says_everything_about_everybody(race: Any) -> None:
    await race.open()
    form = race.form()
    form["participants"][0] |= {"full_name": 'Ren\u00e9 "Lari", Jr.', "identity_number": "3174010190000001"}
    entry = await race.registered(form=form)
    await race.verify(entry)
    answer = await _download(race)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="participants.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbfregistration_number,")
    [row] = await _rows(race)
    assert list(row) == _COLUMNS == [name for name, _ in EXPORT_COLUMNS]
    person = form["participants"][0]
    asked = {"full_name", "email", "whatsapp", "gender", "date_of_birth", "jersey_size", "identity_number"}
    assert {name: row[name] for name in asked} == {name: person[name] for name in asked}
    assert (row["registration_number"], row["status"]) == (entry["registration_number"], "payment_verified")
    assert row["bib_number"] == str(race.category["bib_start_number"])


async def test_no_cell_of_an_export_is_a_formula(race: Any) -> None:
    await race.open()
    for number, start in enumerate("=+-@"):
        form = race.form()
        form["participants"][0] |= {
            "full_name": f"{start}HYPERLINK({number})",
            "identity_number": f"{start}cmd|{number}",
            "emergency_contact_name": f"{start}SUM({number})",
            "emergency_contact_phone": "+62 812 3456 789",
        }
        await race.registered(form=form)
    rows = await _rows(race)
    assert len(rows) == 4
    cells = [cell for row in rows for cell in row.values()]
    assert [cell for cell in cells if re.match(r"[=+\-@\t\r]", cell)] == []
    assert sorted(row["full_name"][:2] for row in rows) == ["'+", "'-", "'=", "'@"]


async def test_an_export_is_filtered_like_the_list(race: Any) -> None:
    first = await race.open()
    verified = await race.registered(5)
    await race.verify(verified)
    await race.registered()
    await race.open()
    await race.registered(10)
    event_id = race.event["id"]
    assert len(await _rows(race)) == len(await _rows(race, event_id=event_id)) == 16
    assert len(await _rows(race, category_id=first["id"])) == 6
    assert len(await _rows(race, category_id=first["id"], status="payment_verified")) == 5
    assert await _rows(race, event_id=str(uuid4())) == []
    assert (await _download(race, status="paid")).status_code == 422
    assert (await _download(race, event_id="x")).status_code == 422


async def _chunks(race: Any, headers: dict[str, str]) -> list[bytes]:
    """The body as the server sends it, piece by piece."""
    sent: list[bytes] = []
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and message.get("body"):
            sent.append(message["body"])

    path = race.url("/participants.csv")
    raw_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": raw_headers, "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"}}
    await race.service.app(scope, receive, send)
    return sent


async def test_a_long_export_streams_in_pieces_and_loses_nobody(race: Any) -> None:
    await race.open()
    await race.seed(2500)
    chunks = await _chunks(race, race.staff())
    assert len(chunks) == 4  # the header, then a thousand at a time
    rows = list(csv.DictReader(io.StringIO(b"".join(chunks).decode("utf-8-sig"), newline="")))
    assert {row["registration_number"] for row in rows} == {f"SEED-{number}" for number in range(1, 2501)}
    assert len(rows) == 2500


async def test_only_admins_export_and_who_did_is_noted(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    for role in (Role.FINANCE, Role.CHECKIN, Role.VIEWER):
        assert (await _download(race, role)).status_code == 403
    exports = "SELECT count(*) FROM audit_log WHERE action = 'participants.export'"
    assert await race.scalar(exports) == 0
    staff_id = uuid4()
    headers = race.service.issuer.staff(Role.ADMIN, staff_id)
    parameters = {"event_id": race.event["id"]}
    assert (await race.http.get(race.url("/participants.csv"), params=parameters, headers=headers)).status_code == 200
    assert await race.scalar(exports) == 1
    noted = "SELECT actor || ' ' || subject FROM audit_log WHERE action = 'participants.export'"
    assert await race.scalar(noted) == f"staff:{staff_id} event:{race.event['id']}"
    everything = "SELECT string_agg(audit_log::text, '') FROM audit_log"
    assert entry["participants"][0]["full_name"] not in await race.scalar(everything)


async def _tickets(race: Any) -> list[dict[str, Any]]:
    entry = await race.registered(5)
    await race.verify(entry)
    path = race.url(f"/registrations/{entry['registration_id']}/tickets")
    found: list[dict[str, Any]] = (await race.http.get(path, headers=race.staff())).json()
    return found


async def _image(race: Any, code: str, kind: str) -> httpx.Response:
    answer: httpx.Response = await race.http.get(race.url(f"/tickets/{code}.{kind}"))
    return answer


def _read(image: Image.Image) -> str:
    [found] = zxingcpp.read_barcodes(image)
    return str(found.text)


def _drawn(svg: str) -> Image.Image:
    """The dark lines of a QR code's SVG: relative moves and horizontal strokes, one unit high."""
    [size] = re.findall(r'<svg[^>]* width="(\d+)"', svg)
    [scale] = re.findall(r"scale\((\d+)\)", svg)
    [path] = re.findall(r' d="([^"]+)"', svg)
    modules = int(size) // int(scale)
    image = Image.new("L", (modules, modules), 255)
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            for column in range(int(x), int(x + values[0])):
                image.putpixel((column, int(y)), 0)
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return image.resize((modules * 8, modules * 8), Image.Resampling.NEAREST)


async def test_the_picture_of_a_ticket_holds_its_code_and_nothing_else(race: Any) -> None:
    await race.open()
    [ticket, *others] = await _tickets(race)
    png = await _image(race, ticket["ticket_code"], "png")
    svg = await _image(race, ticket["ticket_code"], "svg")
    assert (png.headers["Content-Type"], svg.headers["Content-Type"]) == ("image/png", "image/svg+xml")
    for answer in (png, svg):
        assert answer.headers["Cache-Control"] == "private, max-age=86400"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    picture = Image.open(io.BytesIO(png.content))
    assert _read(picture.convert("L")) == ticket["ticket_code"]
    assert _read(_drawn(svg.text)) == ticket["ticket_code"]
    assert set(picture.info) <= {"transparency", "dpi"}
    assert not re.search(r"<(text|title|desc|metadata|script|image)", svg.text)
    assert not re.search(re.escape(ticket["full_name"].split()[0]), svg.text, re.IGNORECASE)
    assert (
        _read(Image.open(io.BytesIO((await _image(race, others[0]["ticket_code"], "png")).content)).convert("L"))
        == (others[0]["ticket_code"])
    )


async def test_a_code_nobody_holds_opens_nothing(race: Any) -> None:
    await race.open()
    [ticket, *_] = await _tickets(race)
    code = ticket["ticket_code"]
    for kind in ("svg", "png"):
        unknown = await _image(race, "0" * 32, kind)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_ticket")
        for malformed in (
            code[:-1],
            code + "0",
            code.upper(),
            "g" * 32,
            f"{code}%0a",
            f"{code[:-1]}%00",
            "%F0%9F%98%80",
        ):
            answer = await _image(race, malformed, kind)
            assert answer.status_code == 422, (malformed, answer.text)
    assert (await _image(race, code, "gif")).status_code == 404


async def test_the_code_of_a_cancelled_registration_opens_nothing_any_more(race: Any) -> None:
    await race.open()
    [ticket, *_] = await _tickets(race)
    query = text("SELECT registration_id FROM participants LIMIT 1")
    async with race.database.read() as session:
        registration_id: UUID = (await session.execute(query)).scalar_one()
    assert (await race.cancel(str(registration_id))).status_code == 204
    assert (await _image(race, ticket["ticket_code"], "png")).status_code == 404
