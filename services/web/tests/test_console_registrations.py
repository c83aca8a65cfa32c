"""The list of registrations: filters, order and columns in its address, and who may choose registrations."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from chassis.auth.principals import Role

from .console_pages import Console, fields, links
from .markup import Element, parsed
from .runner_apis import problem
from .walk_registrations_answers import FIRST, LIST, SECOND, SUMMARIES, listed
from .walk_staff import API, _own_race

PATH = f"{API}/registrations"


def _query(target: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(target).query).items()}


def _heads(page: Element) -> list[str]:
    return [each.text for each in page.all("th") if each.get("scope") == "col"]


async def test_filters_of_the_address_are_asked_of_the_api() -> None:
    console = Console()
    await console.get(
        "/registrations", race="jakarta-fun-run", q=" budi ", status="expired", category="5k", sort="-name", cursor="c"
    )
    race = _own_race()
    [page] = [each for each in console.asked_of(PATH) if "ids_only" not in each.url.params]
    assert dict(page.url.params) == {
        "event_id": race["id"],
        "category_id": race["categories"][0]["id"],
        "q": "budi",
        "status": "expired",
        "sort": "-name",
        "cursor": "c",
        "limit": "50",
    }
    [count] = [each for each in console.asked_of(PATH) if "ids_only" in each.url.params]
    assert count.url.params["q"] == "budi", "what is searched for is counted by its ids"


async def test_days_are_whole_days_of_the_race() -> None:
    console = Console()
    await console.get("/registrations", first_day="2027-01-01", last_day="2027-01-31")
    asked = console.asked_of(PATH)[0].url.params
    assert (asked["from"], asked["to"]) == ("2027-01-01T00:00:00+07:00", "2027-02-01T00:00:00+07:00")


async def test_without_a_search_the_kept_counts_tell_how_many_match() -> None:
    console = Console()
    page = await console.get("/registrations", status="expired")
    assert "ids_only" not in console.params(PATH)
    assert "2 registrations" in page.text


@pytest.mark.parametrize("unknown", [{"status": "x"}, {"type": "x"}, {"category": "x"}, {"sort": "x"}])
async def test_unknown_values_are_left_out(unknown: dict[str, str]) -> None:
    console = Console()
    page = await console.get("/registrations", **unknown)
    assert set(console.params(PATH)) == {"event_id", "limit"}
    assert not [each for each in page.all("a") if each.get("class") == "chip"]


async def test_a_wrong_day_is_said_and_nothing_is_asked() -> None:
    console = Console()
    async with console.open() as client:
        answer = await client.get("/en/console/registrations?first_day=17.8.")
    assert answer.status_code == 422
    assert "Write a day such as" in answer.text
    assert console.asked_of(PATH) == []


async def test_each_chip_takes_its_filter_away_and_keeps_the_rest() -> None:
    asked = {"status": "expired", "q": "budi", "sort": "name", "columns": "status"}
    page = await Console().get("/registrations", race="jakarta-fun-run", cursor="c", **asked)
    chips = {each.text.split(":")[0]: each for each in page.all("a") if each.get("class") == "chip"}
    assert set(chips) == {"Search", "State"}
    kept = {"race": "jakarta-fun-run", "sort": "name", "columns": "status"}
    assert _query(chips["State"].attributes["href"]) == {**kept, "q": "budi"}
    assert _query(chips["Search"].attributes["href"]) == {**kept, "status": "expired"}
    assert _query(links(page, "No filter")[0]) == kept
    assert _query(links(page, "Next page")[0]) == {**kept, "status": "expired", "q": "budi", "cursor": "x"}


async def test_heads_sort_up_and_down_and_say_how() -> None:
    page = await Console().get("/registrations", sort="name", status="expired")
    [name, amount, registered] = [
        next(each for each in page.all("th") if each.text.startswith(head)) for head in ("Name", "Amount", "Registered")
    ]
    assert name.get("aria-sort") == "ascending"
    assert _query(name.one("a").attributes["href"])["sort"] == "-name"
    assert _query(amount.one("a").attributes["href"])["sort"] == "amount"
    assert _query(registered.one("a").attributes["href"]) == {
        "race": "jakarta-fun-run",
        "status": "expired",
        "sort": "created_at",
    }
    usual = await Console().get("/registrations")
    assert next(each for each in usual.all("th") if each.text.startswith("Registered")).get("aria-sort") == "descending"


async def test_columns_are_chosen_in_the_address() -> None:
    console = Console(role=Role.VIEWER)
    usual = await console.get("/registrations")
    assert _heads(usual) == ["Number", "Name", "State", "Category", "Participants", "Amount", "Registered ↓"]
    async with console.open() as client:
        answer = await client.get("/en/console/registrations?columns=deadline&columns=type&columns=x&status=expired")
    page = parsed(answer.text)
    assert _heads(page) == ["Number", "Type", "Pay by"]
    assert _query(links(page, "Next page")[0])["columns"] == "type,deadline"


async def test_rows_lead_to_their_registration() -> None:
    page = await Console().get("/registrations")
    assert links(page, "FR5K-2027-00001") == [f"/en/console/registrations/{FIRST}"]
    assert fields(page, "id") == [FIRST, SECOND]


async def test_only_admins_choose_registrations() -> None:
    for role in Role:
        page = await Console(role=role).get("/registrations")
        assert bool(fields(page, "id")) == (role in (Role.OWNER, Role.ADMIN)), role
        for action in ("cancel", "resend", "export"):
            async with Console(role=role).open() as client:
                answer = await client.get(f"/en/console/registrations/bulk/{action}?id={FIRST}")
            assert (answer.status_code == 200) == (role in (Role.OWNER, Role.ADMIN)), (role, action)


async def test_all_that_match_can_be_chosen_once_there_is_another_page() -> None:
    page = await Console().get("/registrations", status="expired")
    assert fields(page, "all") == ["yes"]
    assert "All 2 that match" in page.text
    assert fields(page, "status") == ["expired"] * 3, "of the forms that choose race, columns and registrations"
    alone = await Console({LIST: listed(*SUMMARIES, more=None)}).get("/registrations")
    assert fields(alone, "all") == []


async def test_a_refused_page_is_said_in_words() -> None:
    refusal = problem(422, "invalid_fields", errors=[{"field": "cursor", "message": "Not a cursor."}])
    async with Console({LIST: refusal}).open() as client:
        answer = await client.get("/en/console/registrations?cursor=1")
    assert answer.status_code == 422
    assert "Not a cursor." in answer.text


async def test_a_view_is_linked_for_the_race_and_marked_while_it_is_shown() -> None:
    page = await Console().get("/registrations", race="bandung-lari", status="payment_verified")
    [view] = [each for each in page.all("a") if each.text == "Lunas"]
    assert _query(view.attributes["href"]) == {"race": "bandung-lari", "status": "payment_verified"}
    assert view.get("aria-current") == "page"
    assert fields(page, "query") == ["status=payment_verified"]


async def test_while_the_api_is_away_the_page_says_so() -> None:
    async with Console({LIST: httpx.Response(502)}).open() as client:
        assert (await client.get("/en/console/registrations")).status_code == 503
