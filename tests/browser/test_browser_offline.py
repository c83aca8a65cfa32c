"""A ticket is there when the network is not."""

from standalone.journey.people import Crowd

from .conftest import Arrive
from .desk import Desk
from .pages import Runner, awaits_the_form
from .races import OPEN, Races
from .watch import Watch

pytestmark = awaits_the_form


async def test_a_ticket_that_was_seen_once_is_shown_without_a_network(
    arrive: Arrive, races: Races, crowd: Crowd, watch: Watch
) -> None:
    form = crowd.form(races.categories["5k"]["id"])
    runner = Runner(await arrive())
    number = await runner.registers(OPEN, "5k", form)
    await runner.uploads_a_proof(number, "150000.00")
    await Desk(races.staff).verifies(number)
    await runner.opens_the_tickets(number)
    await runner.sees(form["participants"][0]["full_name"])

    watch.allow("net::ERR_INTERNET_DISCONNECTED")
    await runner.page.context.set_offline(True)
    await runner.opens_the_tickets(number)

    await runner.sees(form["participants"][0]["full_name"])
    assert await runner.page.locator("main img, main svg").count() >= 1
