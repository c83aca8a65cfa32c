"""What the pages of a runner show of the event is answered with the registration, also when it is not active."""

from typing import Any

from sqlalchemy import event

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver

_PAGE = {"pickup_info": "Gate 3, 10-18", "contact_whatsapp": "6281234567890", "brand_color": "#0b5fff"}


def _expected(race: dict[str, Any], **changed: Any) -> dict[str, Any]:
    names = {"name", "slug", "event_date", "location", "timezone", "is_active", "changes_until", *_PAGE}
    return {name: race[name] for name in names} | changed


async def test_a_runner_sees_the_event_as_it_is_now_and_after_it_was_taken_off_the_site(
    driver: RegistrationDriver,
) -> None:
    # given a runner of a race
    race = await driver.create_event(**_PAGE, timezone="Asia/Makassar")
    category = await driver.open_category()
    entry = await driver.register()
    path, runner = f"/registrations/{entry['registration_id']}", driver.runner_of(entry)

    # when its place changes and it is taken off the site
    before = (await driver.call("GET", path, headers=runner)).require(200)
    await driver.change_event(location="Renon, Denpasar", is_active=False)
    after = (await driver.call("GET", path, headers=runner)).require(200)

    # then the runner sees both states
    assert before["event"] == _expected(race)
    assert after["event"] == _expected(race, location="Renon, Denpasar", is_active=False)
    assert before["category_name"] == category["name"]


async def test_a_place_in_line_has_the_same_facts(driver: RegistrationDriver, waitlist: WaitlistDriver) -> None:
    race = await driver.create_event(**_PAGE)
    await waitlist.sell_out()
    entry = await waitlist.join()
    shown = await waitlist.show(entry)
    assert shown["event"] == _expected(race)
    assert shown["category_name"] == driver.category["name"]


async def test_a_group_of_ten_takes_as_many_queries_as_one_runner(driver: RegistrationDriver) -> None:
    await driver.open_category()
    one, ten = await driver.register(), await driver.register(10)

    assert await _queries(driver, one) == await _queries(driver, ten) == 2


async def _queries(driver: RegistrationDriver, entry: dict[str, Any]) -> int:
    """Return how many statements about registrations and participants are executed to show `entry`."""
    seen: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    engine = driver.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        shown = await driver.call("GET", f"/registrations/{entry['registration_id']}", headers=driver.runner_of(entry))
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    shown.require(200)
    return len([each for each in seen if "FROM registrations" in each or "FROM participants" in each])
