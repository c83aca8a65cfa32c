"""A line that another file of the account may have with other words: it is never sure."""

from datetime import timedelta

import pytest

from .payment_driver import PaymentDriver
from .statement_driver import Bank
from .statements.rendering import bca, mt940


@pytest.fixture
async def bank(driver: PaymentDriver) -> Bank:
    await driver.change_settings(statement_auto_accept=True)
    return Bank(driver)


async def test_a_line_in_another_format_is_not_sure(driver: PaymentDriver, bank: Bank) -> None:
    # given a line that waits for a person
    await driver.change_settings(statement_auto_accept=False)
    entry = await driver.register()
    bank.receives_for(entry)
    await bank.upload(bca(bank.sheet()))
    # when
    await driver.change_settings(statement_auto_accept=True)
    again = await bank.upload(mt940(bank.sheet()))
    # then
    assert (again["matched"], again["accepted"], again["proposed"]) == (0, 0, 1)
    [line] = await bank.lines(again)
    assert (line["kind"], line["reason"], line["state"]) == ("propose", "another_file", "open")
    assert [each["registration_id"] for each in line["proposals"]] == [str(entry.id)]


async def test_a_line_with_its_text_in_small_letters_is_not_sure(driver: PaymentDriver, bank: Bank) -> None:
    bank.receives_for(await driver.register())
    text = bca(bank.sheet())
    assert (await bank.upload(text))["accepted"] == 1
    again = await bank.upload(text.replace("TRSF", "Trsf"))
    [line] = await bank.lines(again)
    assert (line["kind"], line["reason"]) == ("propose", "another_file")


async def test_money_of_an_unknown_payer_has_the_warning_too(bank: Bank) -> None:
    bank.receives("SETORAN TUNAI")
    text = bca(bank.sheet())
    await bank.upload(text)
    [line] = await bank.lines(await bank.upload(text.replace("SETORAN", "Setoran")))
    assert (line["kind"], line["reason"]) == ("unknown", "another_file")


async def test_files_that_overlap_have_no_warning(driver: PaymentDriver, bank: Bank) -> None:
    bank.receives_for(await driver.register())
    await bank.upload()
    bank.receives_for(await driver.register())
    later = await bank.upload()
    assert (later["repeated"], later["matched"], later["accepted"]) == (1, 1, 1)


async def test_the_same_amount_on_another_day_has_no_warning(driver: PaymentDriver, bank: Bank) -> None:
    bank.receives_for(await driver.register())
    await bank.upload()
    driver.clock.advance(timedelta(days=1))
    apart = Bank(driver)
    apart.receives_for(await driver.register())
    assert (await apart.upload())["accepted"] == 1


async def test_other_lines_of_a_part_of_the_day_in_the_same_format_have_no_warning(
    driver: PaymentDriver, bank: Bank
) -> None:
    bank.receives_for(*[await driver.register() for _ in range(2)])
    assert (await bank.upload(bca(bank.sheet().part(0, 1))))["accepted"] == 1
    assert (await bank.upload(bca(bank.sheet().part(1, 2))))["accepted"] == 1
