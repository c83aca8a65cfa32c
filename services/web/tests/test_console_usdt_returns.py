"""USDT that go back, in the console: staff enter an address for a runner, and correct a transaction."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .messages_desk import Desk, desk
from .runner_apis import problem
from .usdt_apis import WALLET
from .walk_accounts_answers import MONEY, ONE_KEPT
from .walk_accounts_answers import kept as kept_money
from .walk_console_usdt_answers import ANSWERS, HASH, OF_REFUNDS, OFFERS, TRANSFER, listed, offer
from .walk_money_answers import COLLEAGUE, PAYMENT, REFUND, answer, at, refund

OTHER: Final = f"0x{'5e' * 32}"
NOWHERE: Final = {"network": None, "address": None, "given_at": None, "amount": "21.02", "check": None}
NO_ADDRESS: Final = {**NOWHERE, "checked_at": None}
OF_RUNNER: Final = {**NO_ADDRESS, "network": "bsc", "address": WALLET, "given_at": at(-2)}
OF_STAFF: Final = {**OF_RUNNER, "given_by": COLLEAGUE, "given_reason": "By telephone."}
TYPED: Final = {"address_network": "bsc", "address_to": WALLET, "address_reason": "By telephone."}
CORRECTED: Final = {"correct_reference": OTHER, "correct_reason": "A slip."}
DONE: Final = {"state": "done", "done_at": at(-1), "done_by": COLLEAGUE, "reference": HASH}
GONE: Final = {"state": "refunded", "refunded_at": at(-1), "refunded_by": COLLEAGUE, "refund_reference": HASH}
DUE: Final = {"state": "refund_due", "decided_at": at(-1), "decided_by": COLLEAGUE, "reason": "7b1"}


class Case:
    """A refund, or kept money, that came in USDT.

    Attributes:
        page: its page in the console; `api` its path at payment.
    """

    def __init__(self, page: str, *, is_kept: bool) -> None:
        self.page = page
        self.api = f"{PAYMENT}{page}"
        self._is_kept = is_kept

    def found(self, usdt: Mapping[str, Any], *, is_recorded: bool = False) -> dict[tuple[str, str], httpx.Response]:
        """Return what payment answers about it."""
        if not self._is_kept:
            recorded = DONE if is_recorded else {}
            return {("GET", self.api): answer(refund(payment_method="usdt", usdt_refund=dict(usdt), **recorded))}
        about = {"channel": "usdt", "payment_method": "usdt", "reference": TRANSFER, "usdt_refund": dict(usdt)}
        return {ONE_KEPT: answer(kept_money(**about, **{**DUE, **(GONE if is_recorded else {})}))}

    @asynccontextmanager
    async def desk(self, answers: Mapping[tuple[str, str], httpx.Response]) -> AsyncIterator[Desk]:
        """Open the desk of finance."""
        usual = ANSWERS if self._is_kept else OF_REFUNDS
        async with desk(answers, role=Role.FINANCE, usual=usual) as staff:
            yield staff

    async def shown(
        self, usdt: Mapping[str, Any], *, is_recorded: bool = False, offers: httpx.Response | None = None
    ) -> Element:
        """Return its page."""
        offered = {OFFERS: offers} if offers else {}
        async with self.desk({**self.found(usdt, is_recorded=is_recorded), **offered}) as staff:
            return parsed((await staff.see(self.page)).text).one("main")


@pytest.fixture(params=["refund", "kept money"])
def case(request: pytest.FixtureRequest) -> Case:
    is_kept = request.param == "kept money"
    return Case(f"/surplus/{MONEY}" if is_kept else f"/refunds/{REFUND}", is_kept=is_kept)


def _forms(page: Element, end: str) -> list[Element]:
    return [each for each in page.all("form") if (each.get("action") or "").endswith(end)]


async def test_staff_enter_the_address_of_a_runner_who_has_named_none(case: Case) -> None:
    page = await case.shown(NO_ADDRESS)
    [form] = _forms(page, "/refund-address")
    assert [each.get("value") for each in form.all("option")] == ["", "bsc", "ethereum"]

    enter = ("PUT", f"{case.api}/refund-address")
    async with case.desk({enter: httpx.Response(204)}) as staff:
        sent = await staff.send(f"{case.page}/refund-address", {**TYPED, "address_to": f" {WALLET} "})
        body = staff.body(*enter)
    assert body == {"network": "bsc", "address": WALLET, "reason": "By telephone."}
    assert sent.headers["Location"] == f"/en/console{case.page}?done=address"


async def test_a_refund_of_usdt_goes_back_in_usdt() -> None:
    page = await Case(f"/refunds/{REFUND}", is_kept=False).shown(OF_RUNNER)
    assert "In USDT, from your wallet" in page.text
    assert "By bank transfer or wallet" not in page.text


async def test_networks_that_are_offered_come_first(case: Case) -> None:
    offers = listed(offer("ethereum", "not_offered"), offer("bsc", "trouble"), offer("polygon"))
    [form] = _forms(await case.shown(NO_ADDRESS, offers=offers), "/refund-address")
    assert [each.get("value") for each in form.all("option")] == ["", "bsc", "polygon", "ethereum"]


async def test_an_address_of_the_runner_stays_as_it_is_and_one_of_staff_is_named_as_theirs(case: Case) -> None:
    page = await case.shown(OF_RUNNER)
    assert _forms(page, "/refund-address") == []
    assert "Entered for the runner" not in page.text

    page = await case.shown(OF_STAFF)
    assert len(_forms(page, "/refund-address")) == 1
    assert "Entered for the runner by Peserta Budi: By telephone." in page.text


@pytest.mark.parametrize(
    ("name", "field"), [("network", "address_network"), ("address", "address_to"), ("reason", "address_reason")]
)
async def test_what_is_wrong_with_an_address_is_said_at_its_field(case: Case, name: str, field: str) -> None:
    refused = problem(422, "invalid_fields", errors=[{"field": name, "message": "This is wrong."}])
    answers = {**case.found(NO_ADDRESS), ("PUT", f"{case.api}/refund-address"): refused}
    async with case.desk(answers) as staff:
        sent = await staff.send(f"{case.page}/refund-address", TYPED)
    page = parsed(sent.text).one("main")
    assert sent.status_code == 422
    [form] = _forms(page, "/refund-address")
    assert form.one("p", id=f"{field}-error").text.endswith("This is wrong.")
    assert form.one("input", id="address_to").get("value") == WALLET
    assert form.one("option", value="bsc").get("selected") is not None


async def test_an_address_that_the_runner_named_a_moment_ago_is_not_replaced(case: Case) -> None:
    refused = problem(409, "refund_address_of_runner", detail="The runner has named an address.")
    answers = {**case.found(OF_RUNNER), ("PUT", f"{case.api}/refund-address"): refused}
    async with case.desk(answers) as staff:
        sent = await staff.send(f"{case.page}/refund-address", TYPED)
    assert sent.status_code == 409
    assert "The runner has named an address." in parsed(sent.text).one("main").text


@pytest.mark.parametrize(
    ("check", "may_be"),
    [
        (None, True),
        ("waiting", True),
        ("not_found", True),
        ("other_address", True),
        ("too_little", True),
        ("pending", False),
        ("confirmed", False),
    ],
)
async def test_a_transaction_is_corrected_until_it_is_found(case: Case, check: str | None, may_be: bool) -> None:
    page = await case.shown({**OF_RUNNER, "check": check}, is_recorded=True)
    assert bool(_forms(page, "/correct")) == may_be
    assert _forms(page, "/refund-address") == []


async def test_nothing_is_corrected_before_it_is_recorded(case: Case) -> None:
    assert _forms(await case.shown(OF_RUNNER), "/correct") == []


async def test_a_correction_has_a_reason_and_leads_back(case: Case) -> None:
    correct = ("POST", f"{case.api}/correct")
    async with case.desk({correct: httpx.Response(204)}) as staff:
        sent = await staff.send(f"{case.page}/correct", CORRECTED)
        body = staff.body(*correct)
    assert body == {"reference": OTHER, "reason": "A slip."}
    assert sent.headers["Location"] == f"/en/console{case.page}?done=corrected"


async def test_a_correction_that_is_refused_is_shown_with_what_was_typed(case: Case) -> None:
    refused = problem(422, "invalid_fields", errors=[{"field": "reference", "message": "Enter the hash."}])
    answers = {
        **case.found({**OF_RUNNER, "check": "not_found"}, is_recorded=True),
        ("POST", f"{case.api}/correct"): refused,
    }
    async with case.desk(answers) as staff:
        sent = await staff.send(f"{case.page}/correct", {**CORRECTED, "correct_reference": "0x12"})
    [form] = _forms(parsed(sent.text).one("main"), "/correct")
    assert sent.status_code == 422
    assert form.one("p", id="correct_reference-error").text.endswith("Enter the hash.")
    assert form.one("input", id="correct_reference").get("value") == "0x12"
    assert form.one("textarea", id="correct_reason").text == "A slip."


async def test_a_transaction_that_was_found_a_moment_ago_stays(case: Case) -> None:
    refused = problem(409, "transaction_found", detail="The chain has it.")
    answers = {
        **case.found({**OF_RUNNER, "check": "confirmed"}, is_recorded=True),
        ("POST", f"{case.api}/correct"): refused,
    }
    async with case.desk(answers) as staff:
        sent = await staff.send(f"{case.page}/correct", CORRECTED)
    assert sent.status_code == 409
    assert "The chain has it." in parsed(sent.text).one("main").text


@pytest.mark.parametrize("role", [Role.CHECKIN, Role.VIEWER])
async def test_only_finance_does_so(case: Case, role: Role) -> None:
    async with desk(role=role, usual=ANSWERS) as staff:
        for step in ("refund-address", "correct"):
            assert (await staff.send(f"{case.page}/{step}", TYPED)).status_code == 403
        assert staff.requests == []
