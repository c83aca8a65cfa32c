"""The ledger in the console: balances, movements, and their filters."""

import httpx

from .markup import parsed
from .messages_desk import desk
from .runner_apis import problem
from .walk_accounts_answers import ANSWERS, BALANCES, LINE, LOOK_UP, MONEY, MOVEMENTS, SECOND, movement
from .walk_money_answers import ENTRY, PROOF, answer

PAGE = "/ledger"


async def test_balances_stand_above_the_movements_which_lead_to_what_they_record() -> None:
    moved = (
        movement(),
        movement(6, kind="surplus", source=f"money:{MONEY}"),
        movement(5, kind="payout", source=f"line:{LINE}", registration_id=None, payment_id=None),
        movement(4, kind="reversal", source="charge:7", payment_id=None),
    )
    answers = {MOVEMENTS: answer({"items": list(moved), "next_cursor": "c2"})}
    async with desk(answers, usual=ANSWERS) as staff:
        page = parsed((await staff.see(PAGE)).text)
        assert [dict(each.url.params) for each in staff.asked(*MOVEMENTS)] == [{}]
    tiles = {each.one("dt").text: each.all("dd")[0].text for each in page.one("dl", class_="tiles").all("div")}
    shown = {name: text.replace("\N{NO-BREAK SPACE}", " ") for name, text in tiles.items()}
    assert shown == {"Bank account": "Rp 150.123", "For registrations": "\N{MINUS SIGN}Rp 150.123"}
    links = [each.get("href") for each in page.one("table").all("a")]
    assert links == [
        f"/en/console/payments/{PROOF}",
        f"/en/console/registrations/{ENTRY}",
        f"/en/console/surplus/{MONEY}",
        f"/en/console/registrations/{ENTRY}",
        f"/en/console/statements/lines/{LINE}",
        f"/en/console/registrations/{ENTRY}",
    ]
    assert f"/en/console{PAGE}?cursor=c2" in [each.get("href") for each in page.all("a")]


async def test_days_are_those_of_the_consoles_zone_and_balances_those_at_their_end() -> None:
    query = "first_day=2027-01-01&last_day=2027-01-03&account=bank&kind=payment&cursor=c2"
    async with desk(usual=ANSWERS) as staff:
        page = parsed((await staff.see(f"{PAGE}?{query}")).text)
        [moved], [balanced] = staff.asked(*MOVEMENTS), staff.asked(*BALANCES)
    assert dict(moved.url.params) == {
        "account": "bank",
        "kind": "payment",
        "from": "2027-01-01T00:00:00+07:00",
        "to": "2027-01-04T00:00:00+07:00",
        "cursor": "c2",
    }
    assert dict(balanced.url.params) == {"at": "2027-01-03T23:59:59.999999+07:00"}
    chips = [each.text for each in page.one("ul", class_="chips").all("li")]
    assert chips[0].startswith("Account: Bank account")


async def test_a_registration_is_named_by_its_number_or_id() -> None:
    async with desk(usual=ANSWERS) as staff:
        await staff.see(f"{PAGE}?registration=FR5K-00007")
        await staff.see(f"{PAGE}?registration={ENTRY}")
        asked = [each.url.params["registration_id"] for each in staff.asked(*MOVEMENTS)]
        assert len(staff.asked(*LOOK_UP)) == 1
    assert asked == [SECOND, ENTRY]


async def test_a_registration_that_is_not_there_is_said_and_nothing_is_asked() -> None:
    async with desk({LOOK_UP: answer({"items": []})}, usual=ANSWERS) as staff:
        page = await staff.see(f"{PAGE}?registration=FR5K-99999")
        assert staff.asked(*MOVEMENTS) == []
    assert page.status_code == 422
    assert "There is no such registration." in page.text


async def test_what_payment_refuses_of_the_days_is_said() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "from", "message": "Too long ago."}])
    async with desk({MOVEMENTS: wrong}, usual=ANSWERS) as staff:
        page = await staff.see(f"{PAGE}?first_day=0001-01-01")
    assert page.status_code == 422
    assert "Too long ago." in page.text


async def test_without_balances_the_movements_are_shown() -> None:
    async with desk({BALANCES: httpx.Response(502)}, usual=ANSWERS) as staff:
        page = await staff.see(PAGE)
    assert page.status_code == 200
    assert "Payments do not answer right now." in page.text
    assert parsed(page.text).one("table")
