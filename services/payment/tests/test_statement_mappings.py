"""The columns of another bank's CSV: chosen once from the first rows, then used for every file with that header."""

from typing import Any
from uuid import uuid4

import pytest
from testkit.driver import Answer

from .payment_driver import PaymentDriver
from .statement_driver import Bank

HEADER = ["Waktu", "Uraian", "Nominal", "Saldo"]
COLUMNS: dict[str, Any] = {"date": 0, "text": [1], "amount": 2, "balance": 3}


@pytest.fixture
def bank(driver: PaymentDriver) -> Bank:
    return Bank(driver)


def csv_of(bank: Bank, *amounts: str, header: str = "Waktu;Uraian;Nominal;Saldo") -> str:
    """Return a statement of a bank that is not known, with transfers of these amounts in thousands."""
    rows: list[str] = []
    balance = 0
    for amount in amounts:
        balance += int(amount)
        rows.append(f"{bank.today:%Y-%m-%d} 10:00;TRSF {len(rows)};{amount}.000;{balance}.000")
    return "\n".join(["Bank Contoh", header, *rows, ""])


async def try_store(driver: PaymentDriver, **changed: Any) -> Answer:
    body = {"name": "Bank Contoh", "header": HEADER, "columns": COLUMNS, "date_order": "ymd", "decimal_mark": ","}
    return await driver.call("POST", "/statement-mappings", by=driver.finance, json={**body, **changed})


async def stored(driver: PaymentDriver) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await driver.call("GET", "/statement-mappings", by=driver.finance)).require(200)[
        "items"
    ]
    return items


async def test_a_csv_of_another_bank_is_refused_with_what_a_person_needs_to_choose_its_columns(bank: Bank) -> None:
    refused = await bank.try_upload(csv_of(bank, "150", "200"))
    assert refused.is_problem(422, "unknown_format")
    assert refused.body["header"] == HEADER
    assert refused.body["sample"][0] == [f"{bank.today:%Y-%m-%d} 10:00", "TRSF 0", "150.000", "150.000"]
    assert len(refused.body["sample"]) == 2
    assert await bank.states() == []


async def test_chosen_columns_are_used_for_every_file_with_this_header(driver: PaymentDriver, bank: Bank) -> None:
    # given
    made = (await try_store(driver)).require(201)
    # when
    first = await bank.upload(csv_of(bank, "150", "200"))
    second = await bank.upload(csv_of(bank, "150", "200", "-15", header="WAKTU;uraian;Nominal.;Saldo;"))
    # then
    assert (first["format"], first["lines"]) == ("mapped_csv", 2)
    assert (second["lines"], second["repeated"]) == (3, 2)
    assert [line["amount"] for line in await bank.lines(first)] == ["150000.00", "200000.00"]
    [shown] = await stored(driver)
    assert shown == made
    assert (shown["name"], shown["header"], shown["date_order"], shown["decimal_mark"]) == (
        "Bank Contoh",
        HEADER,
        "ymd",
        ",",
    )
    assert {name: value for name, value in shown["columns"].items() if value is not None} == COLUMNS
    # and they are checked like those of a known bank
    wrong = csv_of(bank, "150", "200").replace("350.000", "351.000")
    assert (await bank.try_upload(wrong)).is_problem(422, "statement_does_not_add_up")


async def test_columns_that_are_chosen_again_for_a_header_replace_the_first_choice(
    driver: PaymentDriver, bank: Bank
) -> None:
    first = (await try_store(driver, columns={**COLUMNS, "balance": None})).require(201)
    again = (await try_store(driver, name="Contoh", header=["waktu", "URAIAN", "Nominal", "Saldo", ""])).require(201)
    assert again["mapping_id"] == first["mapping_id"]
    assert [(each["name"], each["columns"]["balance"]) for each in await stored(driver)] == [("Contoh", 3)]


async def test_without_its_columns_a_file_is_refused_again(driver: PaymentDriver, bank: Bank) -> None:
    made = (await try_store(driver)).require(201)
    path = f"/statement-mappings/{made['mapping_id']}"
    (await driver.call("DELETE", path, by=driver.finance)).require(204)
    assert (await bank.try_upload(csv_of(bank, "150"))).is_problem(422, "unknown_format")
    assert (await driver.call("DELETE", path, by=driver.finance)).is_problem(404, "unknown_statement_mapping")
    missing = await driver.call("DELETE", f"/statement-mappings/{uuid4()}", by=driver.finance)
    assert missing.is_problem(404, "unknown_statement_mapping")
    actions = [row["action"] for row in await driver.rows("SELECT action FROM audit_log ORDER BY id")]
    assert [each for each in actions if "mapping" in each] == ["statement_mapping.store", "statement_mapping.delete"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"columns": {**COLUMNS, "amount": None}}, "columns.amount"),
        ({"columns": {**COLUMNS, "credit": 3, "balance": None}}, "columns.amount"),
        ({"columns": {**COLUMNS, "balance": 2}}, "columns.date"),
        ({"columns": {**COLUMNS, "balance": 7}}, "header"),
        ({"header": ["", "", "Nominal", "Saldo"]}, "header"),
        ({"columns": {**COLUMNS, "text": []}}, "columns.text"),
        ({"columns": {**COLUMNS, "date": "0"}}, "columns.date"),
        ({"date_order": "ydm"}, "date_order"),
        ({"decimal_mark": ";"}, "decimal_mark"),
        ({"name": " "}, "name"),
    ],
)
async def test_a_choice_that_cannot_be_used_is_refused_by_field(
    driver: PaymentDriver, changed: dict[str, Any], field: str
) -> None:
    assert (await try_store(driver, **changed)).wrong_fields == [field]
    assert await stored(driver) == []


async def test_a_bank_that_is_known_needs_no_choice_and_a_choice_for_its_header_comes_first(
    driver: PaymentDriver, bank: Bank
) -> None:
    text = (
        f"Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit\n{bank.today:%d/%m/%y},,0259,1,TRF,,9.00\n"
    )
    assert (await bank.upload(text))["format"] == "bni_csv"
    header = ["Post Date", "Value Date", "Branch", "Journal No.", "Description", "Debit", "Credit"]
    columns = {"date": 0, "text": [4], "credit": 6, "debit": 5}
    (await try_store(driver, header=header, columns=columns, date_order="dmy", decimal_mark=None)).require(201)
    assert (await bank.upload(text.replace("9.00", "8.00")))["format"] == "mapped_csv"
