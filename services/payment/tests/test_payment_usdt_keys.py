"""The owner enters the key of an account, confirms its first address, and replaces it by another one."""

import asyncio
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from chassis.secrets import SecretBox, new_key

from .payment_driver import PaymentDriver
from .payment_usdt_keys import (
    ABANDON,
    ABANDON_ADDRESSES,
    JUNK,
    JUNK_ADDRESSES,
    PATH,
    account,
    activate,
    extended,
    keys,
    propose,
    try_confirm,
    try_propose,
)


async def test_a_key_is_shown_by_its_first_addresses_and_used_once_the_owner_confirms_the_first(
    driver: PaymentDriver,
) -> None:
    # given
    key = await propose(driver)
    assert (key["state"], key["path"], key["first_addresses"]) == ("proposed", PATH, JUNK_ADDRESSES)
    # when
    confirmed = (await try_confirm(driver, key)).require(200)
    # then
    assert (confirmed["key_id"], confirmed["state"], confirmed["given"]) == (key["key_id"], "active", 0)
    assert confirmed["confirmed_at"] is not None
    # and again it changes nothing
    assert (await try_confirm(driver, key)).require(200) == confirmed


@pytest.mark.parametrize("shown", [str.lower, str.upper, lambda address: f" {address}\n"])
async def test_the_wallet_may_show_the_address_in_any_letter_case(driver: PaymentDriver, shown: object) -> None:
    assert callable(shown)
    key = await propose(driver)
    assert (await try_confirm(driver, key, shown(JUNK_ADDRESSES[0]))).require(200)["state"] == "active"


async def test_another_address_than_the_first_does_not_confirm_the_key(driver: PaymentDriver) -> None:
    key = await propose(driver)
    for address in (JUNK_ADDRESSES[1], ABANDON_ADDRESSES[0], JUNK_ADDRESSES[0][2:], JUNK_ADDRESSES[0][:-1], "0x"):
        assert (await try_confirm(driver, key, address)).is_problem(422, "address_differs"), address
    assert (await try_confirm(driver, key, "")).wrong_fields == ["address"]
    assert [each["state"] for each in await keys(driver)] == ["proposed"]


async def test_a_key_that_was_never_entered_cannot_be_confirmed(driver: PaymentDriver) -> None:
    unknown = {"key_id": str(uuid4()), "first_addresses": JUNK_ADDRESSES}
    assert (await try_confirm(driver, unknown)).is_problem(404, "unknown_key")


async def test_another_key_retires_the_one_before(driver: PaymentDriver) -> None:
    # given
    first = await activate(driver)
    # when
    second = await activate(driver, ABANDON)
    # then
    newest, oldest = await keys(driver)
    assert (newest["key_id"], newest["state"]) == (second["key_id"], "active")
    assert (oldest["key_id"], oldest["state"]) == (first["key_id"], "retired")
    assert oldest["retired_at"] is not None
    assert oldest["confirmed_at"] == first["confirmed_at"]
    # and the retired one stays so
    assert (await try_confirm(driver, first)).is_problem(409, "key_retired")
    refused = await try_propose(driver)
    assert refused.is_problem(409, "key_known")
    assert refused.body["key_state"] == "retired"


async def test_a_key_that_is_entered_again_is_the_same_proposal_and_refused_once_it_is_active(
    driver: PaymentDriver,
) -> None:
    entered = await asyncio.gather(*(propose(driver, f" {JUNK}\n") for _ in range(4)), propose(driver))
    assert len({each["key_id"] for each in entered}) == 1
    await try_confirm(driver, entered[0])
    refused = await try_propose(driver)
    assert refused.is_problem(409, "key_known")
    assert refused.body["key_state"] == "active"


async def test_of_keys_that_are_confirmed_at_once_one_is_active(driver: PaymentDriver) -> None:
    # given
    proposed = [await propose(driver, account(number), f"m/44'/60'/{number}'") for number in range(4)]
    # when
    answers = await asyncio.gather(*(try_confirm(driver, each) for each in proposed))
    # then
    assert {answer.status for answer in answers} == {200}
    assert sorted(each["state"] for each in await keys(driver)) == ["active", "retired", "retired", "retired"]


async def test_the_path_has_to_be_that_of_the_key(driver: PaymentDriver) -> None:
    refused = await try_propose(driver, account(7), "m/44'/60'/6'")
    assert refused.is_problem(422, "invalid_fields")
    assert refused.body["errors"] == [{"field": "path", "message": "This key says that its path is m/44'/60'/7'."}]
    assert (await propose(driver, account(2**31 - 1), f"m/44'/60'/{2**31 - 1}'"))["state"] == "proposed"


@pytest.mark.parametrize("path", ["", "m/44'/60'/0", "m/44'/0'/0'", "m/44'/60'/01'", "m/44'/60'/0'/0", "M/44'/60'/0'"])
async def test_a_path_of_another_form_is_refused(driver: PaymentDriver, path: str) -> None:
    refused = await try_propose(driver, JUNK, path)
    assert refused.is_problem(422, "invalid_fields")
    assert refused.wrong_fields == ["path"]


async def test_an_account_that_is_not_hardened_is_refused(driver: PaymentDriver) -> None:
    refused = await try_propose(driver, extended(number=0))
    assert refused.is_problem(422, "not_a_public_key")
    assert refused.body["why"] == "wrong_depth"


async def test_only_the_owner_sees_and_changes_keys(driver: PaymentDriver) -> None:
    key = await activate(driver)
    for role in set(Role) - {Role.OWNER}:
        for method, path in (("GET", ""), ("POST", ""), ("POST", "/{}/confirm"), ("GET", "/{}/addresses.csv")):
            answer = await driver.call(method, f"/usdt/keys{path.format(key['key_id'])}", by=driver.staff(role))
            assert answer.is_problem(403, "forbidden"), (role, method, path)


async def test_the_audit_log_says_who_entered_confirmed_and_replaced_a_key(driver: PaymentDriver) -> None:
    # when
    first = await activate(driver)
    second = await activate(driver, ABANDON)
    # then
    notes = await driver.audit_log()
    assert [(note["action"], note["subject"]) for note in notes] == [
        ("receiving_key.propose", first["key_id"]),
        ("receiving_key.confirm", first["key_id"]),
        ("receiving_key.propose", second["key_id"]),
        ("receiving_key.confirm", second["key_id"]),
    ]
    assert notes[-1]["details"] == {"path": PATH, "retired": first["key_id"]}
    assert all(note["actor"].startswith("staff:") for note in notes)


async def test_a_key_that_cannot_be_decrypted_any_more_is_entered_again(driver: PaymentDriver) -> None:
    # given
    key = await activate(driver)
    sealed = SecretBox([new_key()]).seal(JUNK)
    await driver.execute("UPDATE receiving_keys SET xpub = :sealed", sealed=sealed)
    assert [each["first_addresses"] for each in await keys(driver)] == [[]]
    assert (await try_confirm(driver, key)).is_problem(409, "key_unreadable")
    # when
    again = await propose(driver)
    # then
    assert (again["key_id"], again["state"], again["first_addresses"]) == (key["key_id"], "active", JUNK_ADDRESSES)
    assert [note["subject"] for note in await driver.audit_log("receiving_key.seal")] == [key["key_id"]]
