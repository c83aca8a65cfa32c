"""Lists of what waits for a second person, and the gateway's last notice on the page of a payment."""

import pytest

from .markup import parsed
from .messages_desk import desk
from .walk_accounts_answers import ANSWERS as OF_ACCOUNTS
from .walk_money_answers import ANSWERS, NEXT, PAYMENT, PROOF, answer, at, verified

CHARGE = ("GET", f"{PAYMENT}/charges/{NEXT}")
ONE = ("GET", f"{PAYMENT}/payments/{PROOF}")


@pytest.mark.parametrize(
    ("page", "others"), [("/payments", "&status=uploaded"), ("/refunds", "&q=x"), ("/surplus", "")]
)
async def test_a_list_shows_only_what_waits_for_a_second_person(page: str, others: str) -> None:
    async with desk(usual={**ANSWERS, **(OF_ACCOUNTS if page == "/surplus" else {})}) as staff:
        await staff.see(page)
        shown = parsed((await staff.see(f"{page}?second=awaited{others}&cursor=c2")).text)
        await staff.see(f"{page}?second=7b1")
        asked = [each.url.params.get("waits_for_second") for each in staff.asked("GET", f"{PAYMENT}{page}")]
    assert asked == [None, "true", None]
    chosen = [
        each.get("value") for each in shown.one("select", id="second").all("option") if "selected" in each.attributes
    ]
    assert chosen == ["awaited"]
    chips = [each.text for each in shown.one("ul", class_="chips").all("li")]
    assert any(each.startswith("Second person: awaited") for each in chips)


@pytest.mark.parametrize(("last", "words"), [(at(-1), "4 Jan 2027, 09:00 WIB"), (None, "none in the last 90 days")])
async def test_the_page_of_a_payment_says_when_the_gateway_last_gave_notice(last: str | None, words: str) -> None:
    paid = verified(channel="midtrans", source=f"charge:{NEXT}", last_notice_at=last)
    charge = {"order_id": "FR5K-7KQ2", "method": "midtrans_qris", "bank": None, "fee": "1050.00"}
    async with desk({ONE: answer(paid), CHARGE: answer(charge)}, usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"/payments/{PROOF}")).text)
    facts = {each.one("dt").text: each.one("dd").text for each in page.one("dl", class_="proof-facts").all("div")}
    assert facts["Last notice of the gateway"] == words
    assert facts["Fee of the gateway"] == "Rp 1.050"


async def test_a_payment_by_proof_has_no_notice() -> None:
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"/payments/{PROOF}")).text)
    assert "Last notice of the gateway" not in page.text
