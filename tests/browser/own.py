"""A registration in every state, with the link that opens it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site
from standalone.journey.people import Crowd

from .desk import Desk
from .races import Races

_STATES: Final = ("waiting for payment", "proof sent", "proof refused", "paid", "cancelled")


@dataclass(frozen=True)
class OwnScene:
    """A page of a registration.

    Attributes:
        path: after the address of the registration; `{runner}` stands for the id of its first participant.
    """

    state: str
    path: str = ""


OWN_SCENES: Final[Sequence[OwnScene]] = (
    *(OwnScene(state) for state in _STATES),
    OwnScene("waiting for payment", "/tickets"),
    OwnScene("paid", "/tickets"),
    OwnScene("paid", "/tickets/{runner}"),
    OwnScene("paid", "/letter"),
    OwnScene("paid", "/runners/{runner}"),
)

every_own_scene = pytest.mark.parametrize("scene", OWN_SCENES, ids=lambda scene: f"{scene.state} {scene.path}")


@dataclass(frozen=True)
class OwnPages:
    """Registrations by state.

    Attributes:
        links: paths that open them.
    """

    links: Mapping[str, str]
    runners: Mapping[str, str]

    def address(self, scene: OwnScene, language: str) -> str:
        """Return the path of a page in a language, for a browser that has opened the link."""
        own = self.links[scene.state].rpartition("/")[0]
        path = own + scene.path.format(runner=self.runners[scene.state])
        return path if language == "id" else f"/en{path}"


async def prepare_own(site: Site, races: Races, crowd: Crowd) -> OwnPages:
    """Register five people for each state, and let staff do what leads to it."""
    category = races.categories["10k"]["id"]
    buyers = {state: await Buyer.of(site, crowd.form(category, 5)).register() for state in _STATES}
    for state in ("proof sent", "proof refused", "paid"):
        buyer = buyers[state]
        await eventually(buyer.has_invoice, f"the invoice of {state}")
        await buyer.pay()
    desk = Desk(races.staff)
    await desk.verifies(_number(buyers["paid"]))
    await desk.refuses(_number(buyers["proof refused"]), "Jumlah pada bukti tidak terbaca.")
    await desk.cancels(buyers["cancelled"].entry["registration_id"])
    return OwnPages(
        {state: urlsplit(buyer.entry["status_url"]).path for state, buyer in buyers.items()},
        {state: buyer.entry["participants"][0]["participant_id"] for state, buyer in buyers.items()},
    )


def _number(buyer: Buyer) -> str:
    entry: dict[str, Any] = buyer.entry
    return str(entry["registration_number"])
