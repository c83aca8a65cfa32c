"""A ticket that was saved is there when the network is not."""

from pathlib import Path

from standalone.journey.people import Crowd

from .conftest import Arrive
from .desk import Desk
from .pages import Runner
from .races import OPEN, Races


async def test_a_saved_ticket_can_be_shown_at_the_desk_without_a_network(
    arrive: Arrive, races: Races, crowd: Crowd, tmp_path: Path
) -> None:
    form = crowd.form(races.categories["5k"]["id"])
    runner = Runner(await arrive())
    number = await runner.registers(OPEN, "5k", form)
    await runner.sees_how_to_pay(number)
    await runner.uploads_a_proof(number, "150000.00")
    await Desk(races.staff).verifies(number)
    await runner.opens_the_tickets(number)
    codes = await runner.reads_codes()
    saved = await runner.saves_a_ticket(tmp_path)

    await runner.page.context.set_offline(True)
    await runner.page.goto(saved.as_uri())

    await runner.sees(form["participants"][0]["full_name"])
    assert await runner.reads_codes() == codes
