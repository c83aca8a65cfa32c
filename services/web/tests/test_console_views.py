"""Views that staff save: each has their own, at most fifty, and sees nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.errors import NotFound
from chassis.migrations import downgrade, drift, upgrade
from sqlalchemy import text
from testkit.clocks import StoppedClock
from testkit.plugin import FreshDatabase
from web.console.views.errors import TooManyViews, ViewNameTaken
from web.console.views.saved import AT_MOST, SavedViews
from web.service import DATABASE

from .console_pages import links
from .console_stand import ConsoleStand, log_in, open_stand
from .markup import parsed
from .walk import ANSWERS, answering
from .walk_registrations_answers import ANSWERS as OF_LISTS

pytestmark = pytest.mark.integration

PAGE = "registrations"
VIEWS = f"/en/console/views/{PAGE}"


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    opened = DATABASE.open_database(await fresh_database("web"))
    yield opened
    await opened.close()


@pytest.fixture
def views(database: Database) -> SavedViews:
    return SavedViews(database)


@pytest.fixture
async def stand(fresh_database: FreshDatabase) -> AsyncIterator[ConsoleStand]:
    async with open_stand(fresh_database, StoppedClock()) as stand:
        stand.way.answer = answering({**ANSWERS, **OF_LISTS})
        yield stand


async def _names(views: SavedViews, staff_id: UUID) -> list[str]:
    return [view.name for view in await views.of(staff_id, PAGE)]


async def test_views_are_listed_by_name_for_who_saved_them(views: SavedViews) -> None:
    me, other = uuid4(), uuid4()
    for name in ("lunas", "Belum"):
        await views.save(me, PAGE, name, "status=expired")
    await views.save(other, PAGE, "lunas", "q=budi")
    await views.save(me, "payments", "other list", "")
    assert await _names(views, me) == ["Belum", "lunas"]
    [foreign] = await views.of(other, PAGE)
    with pytest.raises(NotFound):
        await views.one(me, PAGE, foreign.id)
    with pytest.raises(NotFound):
        await views.rename(me, PAGE, foreign.id, "mine")
    await views.delete(me, PAGE, foreign.id)
    assert await _names(views, other) == ["lunas"]


async def test_saving_the_same_twice_saves_it_once_and_another_state_needs_another_name(views: SavedViews) -> None:
    me = uuid4()
    await asyncio.gather(*(views.save(me, PAGE, "lunas", "q=a") for _ in range(5)))
    with pytest.raises(ViewNameTaken):
        await views.save(me, PAGE, "lunas", "q=b")
    assert [view.query for view in await views.of(me, PAGE)] == ["q=a"]


async def test_there_are_fifty_at_most_even_if_saved_at_once(views: SavedViews) -> None:
    me = uuid4()
    for at in range(AT_MOST - 1):
        await views.save(me, PAGE, f"view {at}", "")
    saving = [views.save(me, PAGE, f"last {at}", "") for at in range(4)]
    results = await asyncio.gather(*saving, return_exceptions=True)
    assert [type(each) for each in results if each] == [TooManyViews] * 3
    assert len(await views.of(me, PAGE)) == AT_MOST
    await views.save(uuid4(), PAGE, "of somebody else", "")


async def test_a_view_gets_another_name_unless_it_is_taken(views: SavedViews) -> None:
    me = uuid4()
    await views.save(me, PAGE, "a", "")
    await views.save(me, PAGE, "b", "")
    first = (await views.of(me, PAGE))[0]
    with pytest.raises(ViewNameTaken):
        await views.rename(me, PAGE, first.id, "b")
    await views.rename(me, PAGE, first.id, "a")
    await views.rename(me, PAGE, first.id, "c")
    assert await _names(views, me) == ["b", "c"]
    await views.delete(me, PAGE, first.id)
    await views.delete(me, PAGE, first.id)
    assert await _names(views, me) == ["b"]


async def test_the_migration_goes_down_and_up_and_is_that_of_the_code(fresh_database: FreshDatabase) -> None:
    url = await fresh_database("web")
    assert list(await asyncio.to_thread(drift, url, DATABASE.tables.metadata)) == []
    await asyncio.to_thread(downgrade, url, "web", "0001")
    database = DATABASE.open_database(url)
    async with database.read() as session:
        assert await session.scalar(text("SELECT to_regclass('saved_views')")) is None
        assert await session.scalar(text("SELECT to_regclass('web_sessions')")) is not None
    await database.close()
    await asyncio.to_thread(upgrade, url, "web")
    assert list(await asyncio.to_thread(drift, url, DATABASE.tables.metadata)) == []


async def test_the_state_of_the_list_is_saved_opened_renamed_and_deleted(stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        # given a filtered list
        page = parsed((await browser.get("/en/console/registrations?status=expired&sort=name&cursor=x")).text)
        form = {
            each.attributes["name"]: each.attributes["value"]
            for each in page.all("input")
            if each.get("name") in ("query", "race")
        }

        # when it is saved
        answer = await browser.post(VIEWS, data={**form, "name": " Lewat & batal "})
        assert answer.headers["location"] == (
            "/en/console/registrations?race=jakarta-fun-run&status=expired&sort=name&done=saved"
        )

        # then it stands above the list of every race
        shown = parsed((await browser.get("/en/console/registrations?race=bandung-lari")).text)
        assert links(shown, "Lewat & batal") == ["/en/console/registrations?race=bandung-lari&status=expired&sort=name"]

        # and is renamed and deleted
        [target] = links(parsed((await browser.get(VIEWS)).text), "Rename or delete")
        answer = await browser.post(target, data={"name": "Lewat", "race": "bandung-lari"})
        assert answer.headers["location"] == f"{VIEWS}?race=bandung-lari&done=renamed"
        assert "Lewat" in (await browser.get(target)).text
        answer = await browser.post(f"{target}/delete")
        assert answer.headers["location"] == f"{VIEWS}?done=deleted"
        assert "No view is saved" in (await browser.get(VIEWS)).text


async def test_nobody_opens_renames_or_deletes_the_view_of_another(stand: ConsoleStand) -> None:
    async with stand.browser() as own, stand.browser() as other:
        await log_in(own, await stand.hire(Role.VIEWER))
        await log_in(other, await stand.hire(Role.ADMIN))
        await own.post(VIEWS, data={"name": "Rahasia", "query": "q=budi"})
        [target] = links(parsed((await own.get(VIEWS)).text), "Rename or delete")

        assert "Rahasia" not in (await other.get(VIEWS)).text
        assert (await other.get(target)).status_code == 404
        assert (await other.post(target, data={"name": "x"})).status_code == 404
        await other.post(f"{target}/delete")

        assert "Rahasia" in (await own.get(target)).text


@pytest.mark.parametrize(("name", "status"), [("", 422), ("x" * 61, 422), ("x" * 60, 303)])
async def test_a_name_has_up_to_sixty_letters(name: str, status: int, stand: ConsoleStand) -> None:
    email = await stand.hire()
    async with stand.browser() as browser:
        await log_in(browser, email)
        answer = await browser.post(VIEWS, data={"name": name, "query": "q=budi"})
    assert answer.status_code == status
    assert ("up to 60 letters" in answer.text) == (status == 422)
