"""Files: participants as CSV and XLSX, tickets as QR images."""

import asyncio
import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import zxingcpp
from chassis.auth.principals import Role
from chassis.canonical.phones import canonical_phone, canonical_whatsapp
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image
from registration.entries.queries import EXPORT_COLUMNS
from sqlalchemy import text
from starlette.types import Message
from testkit.driver import Answer, Headers

from .registration_driver import RegistrationDriver

_COLUMNS = [
    *("registration_number", "status", "registration_type", "category", "bib_number", "full_name", "is_pic", "email"),
    *("whatsapp", "gender", "date_of_birth", "jersey_size", "identity_number", "emergency_contact_name"),
    *("emergency_contact_phone", "registered_at", "list_amount", "discount", "promo_code", "price_phase"),
    "ticket_number",
]


_PRICE = ("list_amount", "discount", "promo_code", "price_phase")

_ANSWERS = (
    *("full_name", "email", "whatsapp", "gender", "date_of_birth", "jersey_size", "identity_number"),
    *("emergency_contact_name", "emergency_contact_phone"),
)
_FILES = ("participants.csv", "participants.xlsx")


async def _download(
    driver: RegistrationDriver, role: Role = Role.ADMIN, *, file: str = "participants.csv", **parameters: Any
) -> Answer:
    return await driver.call("GET", f"/{file}", by=driver.staff(role), params=parameters)


def _stored(person: dict[str, str]) -> dict[str, str]:
    """Return a form's values as they are stored and exported."""
    phones = {
        "whatsapp": canonical_whatsapp(person["whatsapp"]),
        "emergency_contact_phone": canonical_phone(person["emergency_contact_phone"]),
    }
    return {name: person[name] for name in _ANSWERS} | phones


async def _rows(driver: RegistrationDriver, **parameters: Any) -> list[dict[str, str]]:
    answer = await _download(driver, **parameters)
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_an_export_has_all_columns_of_each_participant(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    form["participants"][0] |= {"full_name": 'Ren\u00e9 "Lari", Jr.', "identity_number": "3174010190000001"}
    entry = await driver.register(form=form)
    await driver.verify(entry)
    answer = await _download(driver)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="participants.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbfregistration_number,")
    [row] = await _rows(driver)
    assert list(row) == _COLUMNS == [name for name, _ in EXPORT_COLUMNS]
    assert {name: row[name] for name in _ANSWERS} == _stored(form["participants"][0])
    assert (row["registration_number"], row["status"]) == (entry["registration_number"], "payment_verified")
    assert row["bib_number"] == str(driver.category["bib_start_number"])
    assert row["ticket_number"] == f"TIX-{entry['registration_number'].replace('-', '')}-01"


async def test_times_are_in_the_zone_of_each_race_with_its_offset(driver: RegistrationDriver) -> None:
    # given registrations of two races in different zones
    entries = {}
    for zone in ("Asia/Jakarta", "Asia/Jayapura"):
        await driver.create_event(timezone=zone)
        await driver.open_category()
        entries[zone] = await driver.register()
    written = {row["registration_number"]: datetime.fromisoformat(row["registered_at"]) for row in await _rows(driver)}
    cells = {row["registration_number"].value: row["registered_at"] for row in _people(await _sheet(driver))}
    # then each row has the time of its race
    for zone, offset in (("Asia/Jakarta", "+07:00"), ("Asia/Jayapura", "+09:00")):
        number, moment = entries[zone]["registration_number"], datetime.fromisoformat(entries[zone]["created_at"])
        assert written[number] == moment
        assert written[number].isoformat().endswith(offset)
        assert offset in cells[number].number_format
        shown = cells[number].value.replace(tzinfo=ZoneInfo(zone))
        assert abs(shown - moment) < timedelta(milliseconds=2)


async def _sheet(driver: RegistrationDriver, **parameters: Any) -> Worksheet:
    """Return the only sheet of the XLSX, read by another library."""
    answer = await _download(driver, file="participants.xlsx", **parameters)
    assert answer.status == 200, answer.body
    [sheet] = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets
    return sheet


def _people(sheet: Worksheet) -> list[dict[str, Cell]]:
    header, *rows = sheet.iter_rows()
    return [{str(name.value): cell for name, cell in zip(header, row, strict=True)} for row in rows]


async def test_a_workbook_has_all_columns_of_each_participant_with_identifiers_as_text(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category()
    form = driver.form()
    name = 'Ren\u00e9 "Lari" <3 & \U0001f3c3, Jr.'
    form["participants"][0] |= {"full_name": name, "identity_number": "3174091502900017"}
    entry = await driver.register(form=form)
    await driver.verify(entry)
    [row] = _people(await _sheet(driver))
    assert list(row) == _COLUMNS
    text_columns = set(_COLUMNS) - {"bib_number", "is_pic", "date_of_birth", "registered_at", *_PRICE}
    assert {name for name, cell in row.items() if cell.data_type == "s"} == text_columns
    person = _stored(form["participants"][0])
    born = person.pop("date_of_birth")
    assert {name: row[name].value for name in person} == person
    assert row["registration_number"].value == entry["registration_number"]
    assert (row["bib_number"].data_type, row["bib_number"].value) == ("n", driver.category["bib_start_number"])
    assert (row["is_pic"].data_type, row["is_pic"].value) == ("b", True)
    assert str(row["date_of_birth"].value.date()) == born
    registered_at = row["registered_at"].value.replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    assert abs(registered_at - datetime.fromisoformat(entry["created_at"])) < timedelta(milliseconds=2)


async def test_a_workbook_has_filters_frozen_headers_and_column_widths(driver: RegistrationDriver) -> None:
    await driver.open_category()
    await driver.register(5)
    sheet = await _sheet(driver)
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("Peserta", "A2", "A1:U6")
    assert {cell.font.b for cell in sheet[1]} == {True}
    widths = {str(cell.value): sheet.column_dimensions[cell.column_letter].width for cell in sheet[1]}
    for row in _people(sheet):
        assert all(len(str(row[name].value)) < widths[name] for name in ("full_name", "email", "registration_number"))


async def test_the_openapi_document_has_the_media_type_of_each_export(driver: RegistrationDriver) -> None:
    await driver.open_category()
    document = (await driver.call("GET", "/openapi.json")).body
    for file in _FILES:
        answer = await _download(driver, file=file)
        [path] = [path for path in document["paths"] if path.endswith(f"/v1/{file}")]
        [promised] = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert answer.headers["Content-Type"].partition(";")[0] == promised
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{file}"'
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_formula_inside_a_cell_is_none_where_semicolons_separate(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form(5)
    formulas = ['Budi;=HYPERLINK("x")', "Budi,\uff0bSUM(1)", 'Budi;"@SUM(1)', "\u2066=1+1", "- Budi"]
    form["participants"][0] |= {"emergency_contact_name": "Siti;=1+1", "email": "=cmd|'/C'!A0@example.com"}
    entry = await driver.register(form=form)
    async with driver.database.work() as work:
        for person, formula in zip(entry["participants"], formulas, strict=True):  # as stored before names were cleaned
            change = text("UPDATE participants SET full_name = :name WHERE id = :id")
            await work.session.execute(change, {"name": formula, "id": person["participant_id"]})
    lines = (await _download(driver)).content.decode("utf-8-sig").splitlines()
    for separator in (",", ";"):
        cells = [cell.lstrip('" \u2066') for line in lines for cell in line.split(separator)]
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\uff0b"))] == []
    people = _people(await _sheet(driver))
    names = {(row["full_name"].value, row["full_name"].data_type) for row in people}
    assert names == {(formula, "s") for formula in formulas}
    assert ("=cmd|'/C'!A0@example.com", "s") in {(row["email"].value, row["email"].data_type) for row in people}


async def test_no_cell_of_an_export_is_a_formula(driver: RegistrationDriver) -> None:
    await driver.open_category()
    for number, start in enumerate("=+-"):
        form = driver.form()
        form["participants"][0] |= {
            "full_name": f"{start}HYPERLINK({number})",
            "emergency_contact_name": f"{start}SUM({number})",
            "emergency_contact_phone": "+62 812 3456 789",
        }
        await driver.register(form=form)
    rows = await _rows(driver)
    assert len(rows) == 3
    cells = [cell for row in rows for cell in row.values()]
    assert [cell for cell in cells if re.match(r"[=+\-@\t\r]", cell)] == []
    assert sorted(row["full_name"][:2] for row in rows) == ["'+", "'-", "'="]


@pytest.mark.parametrize("file", _FILES)
async def test_an_export_is_filtered_like_the_list(driver: RegistrationDriver, file: str) -> None:
    async def count(**parameters: Any) -> int:
        found = (
            await _rows(driver, **parameters) if file.endswith("csv") else _people(await _sheet(driver, **parameters))
        )
        return len(found)

    first = await driver.open_category()
    verified = await driver.register(5)
    await driver.verify(verified)
    await driver.register()
    await driver.open_category()
    await driver.register(10)
    event_id = driver.event["id"]
    assert await count() == await count(event_id=event_id) == 16
    assert await count(category_id=first["id"]) == 6
    assert await count(category_id=first["id"], status="payment_verified") == 5
    assert await count(event_id=str(uuid4())) == 0
    assert (await _download(driver, file=file, status="paid")).status == 422
    assert (await _download(driver, file=file, event_id="x")).status == 422


async def _chunks(driver: RegistrationDriver, headers: Headers, file: str = "participants.csv") -> list[bytes]:
    """Return the body as the server sends it, piece by piece."""
    sent: list[bytes] = []
    left = asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body" and message.get("body"):
            sent.append(message["body"])

    path = driver.url(f"/{file}")
    raw_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
    }
    scope |= {"headers": raw_headers, "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"}}
    await driver.app(scope, receive, send)
    return sent


async def test_a_long_export_streams_in_pieces_and_is_complete(driver: RegistrationDriver) -> None:
    await driver.open_category()
    await driver.seed(2500)
    chunks = await _chunks(driver, driver.staff())
    assert len(chunks) == 4  # the header, then a thousand at a time
    rows = list(csv.DictReader(io.StringIO(b"".join(chunks).decode("utf-8-sig"), newline="")))
    assert {row["registration_number"] for row in rows} == {f"SEED-{number}" for number in range(1, 2501)}
    assert len(rows) == 2500


async def test_a_long_workbook_streams_in_pieces_and_is_complete(driver: RegistrationDriver) -> None:
    await driver.open_category()
    await driver.seed(2500)
    chunks = await _chunks(driver, driver.staff(), "participants.xlsx")
    assert len(chunks) == 5  # styles, a thousand at a time, what names the sheets
    assert chunks[0].startswith(b"PK\x03\x04")
    [sheet] = openpyxl.load_workbook(io.BytesIO(b"".join(chunks)), read_only=True).worksheets
    numbers = [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert len(numbers) == 2500
    assert set(numbers) == {f"SEED-{number}" for number in range(1, 2501)}


@pytest.mark.parametrize("file", _FILES)
async def test_only_admins_export_and_each_export_is_audited(driver: RegistrationDriver, file: str) -> None:
    await driver.open_category()
    entry = await driver.register()
    for role in (Role.FINANCE, Role.CHECKIN, Role.VIEWER):
        assert (await _download(driver, role, file=file)).status == 403
    assert await driver.audit_log("participants.export") == []
    staff_id = uuid4()
    headers = driver.issuer.staff(Role.ADMIN, staff_id)
    parameters = {"event_id": driver.event["id"]}
    assert (await driver.call("GET", f"/{file}", by=headers, params=parameters)).status == 200
    [logged] = await driver.audit_log("participants.export")
    assert (logged["actor"], logged["subject"]) == (f"staff:{staff_id}", f"event:{driver.event['id']}")
    everything = "SELECT string_agg(audit_log::text, '') FROM audit_log"
    assert entry["participants"][0]["full_name"] not in await driver.scalar(everything)


async def _tickets(driver: RegistrationDriver) -> list[dict[str, Any]]:
    entry = await driver.register(5)
    await driver.verify(entry)
    path = f"/registrations/{entry['registration_id']}/tickets"
    found: list[dict[str, Any]] = (await driver.call("GET", path, by=driver.staff())).body
    return found


async def _image(driver: RegistrationDriver, code: str, kind: str) -> Answer:
    return await driver.call("GET", f"/tickets/{code}.{kind}")


def _read(image: Image.Image) -> str:
    [found] = zxingcpp.read_barcodes(image)
    return str(found.text)


def _drawn(svg: str) -> Image.Image:
    """Draw the dark lines of a QR code's SVG: relative moves and horizontal strokes, one unit high."""
    [size] = re.findall(r'<svg[^>]* width="(\d+)px"', svg)
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


async def test_the_picture_of_a_ticket_holds_its_code_and_nothing_else(driver: RegistrationDriver) -> None:
    await driver.open_category()
    [ticket, *others] = await _tickets(driver)
    png = await _image(driver, ticket["ticket_code"], "png")
    svg = await _image(driver, ticket["ticket_code"], "svg")
    assert (png.headers["Content-Type"], svg.headers["Content-Type"]) == ("image/png", "image/svg+xml")
    for answer in (png, svg):
        assert answer.headers["Cache-Control"] == "private, max-age=86400"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    picture = Image.open(io.BytesIO(png.content))
    assert _read(picture.convert("L")) == ticket["ticket_code"]
    drawing = svg.content.decode()
    assert _read(_drawn(drawing)) == ticket["ticket_code"]
    assert set(picture.info) <= {"transparency", "dpi"}
    assert re.search(r'viewBox="0 0 (\d+) \1"', drawing)
    assert not re.search(r"<(text|title|desc|metadata|script|image)", drawing)
    assert not re.search(re.escape(ticket["full_name"].split()[0]), drawing, re.IGNORECASE)
    assert (
        _read(Image.open(io.BytesIO((await _image(driver, others[0]["ticket_code"], "png")).content)).convert("L"))
        == (others[0]["ticket_code"])
    )


async def test_an_unknown_or_malformed_ticket_code_is_refused(driver: RegistrationDriver) -> None:
    await driver.open_category()
    [ticket, *_] = await _tickets(driver)
    code = ticket["ticket_code"]
    for kind in ("svg", "png"):
        unknown = await _image(driver, "0" * 32, kind)
        assert unknown.is_problem(404, "unknown_ticket")
        for malformed in (
            code[:-1],
            code + "0",
            code.upper(),
            "g" * 32,
            "%F0%9F%98%80",
        ):
            answer = await _image(driver, malformed, kind)
            assert answer.status == 422, (malformed, answer.body)
        for no_path in (f"{code}%0a", f"{code[:-1]}%00"):
            assert (await _image(driver, no_path, kind)).status == 404
    assert (await _image(driver, code, "gif")).status == 404


async def test_the_ticket_code_of_a_cancelled_registration_is_unknown(driver: RegistrationDriver) -> None:
    await driver.open_category()
    [ticket, *_] = await _tickets(driver)
    query = text("SELECT registration_id FROM participants LIMIT 1")
    async with driver.database.read() as session:
        registration_id: UUID = (await session.execute(query)).scalar_one()
    await driver.cancel(str(registration_id))
    assert (await _image(driver, ticket["ticket_code"], "png")).status == 404
