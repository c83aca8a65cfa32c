"""Exports as admins take them, and the worker that writes them."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import openpyxl
from chassis.images.store import ImageStore, image_store
from registration.exports.jobs import Terms, write_exports
from testkit.driver import Answer, Headers

from .registration_driver import RegistrationDriver

TERMS = Terms(timedelta(days=7))


def records(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV by column."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def cells(content: bytes) -> list[tuple[Any, ...]]:
    """Return the rows of an XLSX, read by another library, without its header."""
    [sheet] = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    return list(sheet.iter_rows(min_row=2, values_only=True))


async def download(driver: RegistrationDriver, file: str, *, by: Headers | None = None, **parameters: Any) -> Answer:
    """Take a file at once."""
    return await driver.call("GET", f"/{file}", by=by or driver.staff(), params=parameters)


async def rows_of(driver: RegistrationDriver, kind: str, **parameters: Any) -> list[dict[str, str]]:
    """Return the rows of a vendor's CSV."""
    answer = await download(driver, f"exports/{kind}.csv", **parameters)
    assert answer.status == 200, answer.body
    return records(answer.content)


async def recorded(driver: RegistrationDriver, **parameters: Any) -> list[dict[str, Any]]:
    """Return the record of exports, newest first."""
    found: list[dict[str, Any]] = (await driver.call("GET", "/exports", by=driver.staff(), params=parameters)).require(
        200
    )["items"]
    return found


async def ask(driver: RegistrationDriver, *, by: Headers | None = None, key: str | None = None, **body: Any) -> Answer:
    """Ask the worker for a file: participants as CSV unless said otherwise."""
    headers = {} if key is None else {"Idempotency-Key": key}
    form = {"kind": "participants", "format": "csv", **body}
    return await driver.call("POST", "/exports", by=by or driver.staff(), json=form, headers=headers)


async def asked(driver: RegistrationDriver, **body: Any) -> str:
    """Ask for a file and return the export's id."""
    return str((await ask(driver, **body)).require(202)["export_id"])


async def show(driver: RegistrationDriver, export_id: str) -> dict[str, Any]:
    """Return an export."""
    found: dict[str, Any] = (await driver.call("GET", f"/exports/{export_id}", by=driver.staff())).require(200)
    return found


async def fetch(driver: RegistrationDriver, export_id: str, *, by: Headers | None = None) -> Answer:
    """Fetch the file of an export."""
    return await driver.call("GET", f"/exports/{export_id}/file", by=by or driver.staff())


def store_of(driver: RegistrationDriver) -> ImageStore:
    """Return the store that API and worker share."""
    return image_store(driver.settings)


async def work(driver: RegistrationDriver, store: ImageStore | None = None) -> int:
    """Let a worker write what waits; return how many files it finished."""
    return await write_exports(driver.database, store or store_of(driver), TERMS)


async def files_of(driver: RegistrationDriver, export_id: str) -> list[str]:
    """Return the paths of an export's files in the store."""
    folder = f"exports/{UUID(export_id).hex}/"
    return [each["path"] async for batch in store_of(driver).objects.list(folder) for each in batch]
