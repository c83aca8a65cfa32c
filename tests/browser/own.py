"""A registration and a place in line in every state, with the link that opens it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site
from standalone.journey.people import Crowd

from .desk import Desk
from .races import Races

_STATES: Final = ("waiting for payment", "proof sent", "proof refused", "paid", "cancelled")
_CHARGES: Final[Mapping[str, Mapping[str, str | None]]] = {
    "QRIS chosen": {"method": "midtrans_qris", "bank": None},
    "bill chosen": {"method": "midtrans_va", "bank": "mandiri"},
}
_IN_LINE: Final = ("offered a place", "in line", "left the line")


@dataclass(frozen=True)
class OwnScene:
    """A page of a registration, or of a place in line.

    Attributes:
        path: after its address; `{runner}` stands for the id of the first participant.
    """

    state: str
    path: str = ""


OWN_SCENES: Final[Sequence[OwnScene]] = (
    *(OwnScene(state) for state in (*_STATES, *_CHARGES, "transfer chosen")),
    OwnScene("waiting for payment", "/pay/qris"),
    OwnScene("waiting for payment", "/pay/midtrans_va-bca"),
    OwnScene("bill chosen", "/pay"),
    OwnScene("bill chosen", "/pay/midtrans_va-bni"),
    OwnScene("waiting for payment", "/tickets"),
    OwnScene("paid", "/tickets"),
    OwnScene("paid", "/tickets/{runner}"),
    OwnScene("paid", "/letter"),
    OwnScene("paid", "/runners/{runner}"),
    *(OwnScene(state) for state in _IN_LINE),
    OwnScene("in line", "/leave"),
    OwnScene("offered a place", "/leave"),
)

every_own_scene = pytest.mark.parametrize("scene", OWN_SCENES, ids=lambda scene: f"{scene.state} {scene.path}")


@dataclass(frozen=True)
class OwnPages:
    """Registrations and places in line by state.

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
    """Register five people for each state, let others wait, and let staff do what leads to it."""
    category = races.categories["10k"]["id"]
    choosing = (*_CHARGES, "transfer chosen")
    buyers = {state: await Buyer.of(site, crowd.form(category, 5)).register() for state in (*_STATES, *choosing)}
    for state in choosing:
        await _chooses(site, buyers[state], _CHARGES.get(state))
    for state in ("proof sent", "proof refused", "paid"):
        buyer = buyers[state]
        await eventually(buyer.has_invoice, f"the invoice of {state}")
        await buyer.pay()
    desk = Desk(races.staff)
    await desk.verifies(_number(buyers["paid"]))
    await desk.refuses(_number(buyers["proof refused"]), "Jumlah pada bukti tidak terbaca.")
    await desk.cancels(buyers["cancelled"].entry["registration_id"])
    entries = {**{state: buyer.entry for state, buyer in buyers.items()}, **await _places_in_line(site, races, crowd)}
    return OwnPages(
        {state: urlsplit(entry["status_url"]).path for state, entry in entries.items()},
        {state: entry["participants"][0]["participant_id"] for state, entry in entries.items()},
    )


async def _chooses(site: Site, buyer: Buyer, charge: Mapping[str, str | None] | None) -> None:
    """Let a runner choose a charge of the gateway, or a transfer."""
    await eventually(buyer.has_invoice, "the invoice of a runner who chooses how to pay")
    path = f"/payment/v1/invoices/{buyer.entry['registration_id']}/{'transfer' if charge is None else 'charges'}"
    await site.call("POST", path, token=buyer.token, json=charge, expect=(200, 201))


async def _places_in_line(site: Site, races: Races, crowd: Crowd) -> Mapping[str, dict[str, Any]]:
    """Let three wait for the one place of a category; it becomes free for the first, and the last leaves."""
    category = races.with_line["id"]
    first = await Buyer.of(site, crowd.form(category)).register()
    waiting = {state: await _joins(site, crowd.form(category)) for state in _IN_LINE}
    gone, offered = waiting["left the line"], waiting["offered a place"]
    await site.call("DELETE", _path_of(gone), token=gone["runner_token"], expect=(200, 204))
    await Desk(races.staff).cancels(first.entry["registration_id"])

    async def has_offer() -> bool:
        found = await site.call("GET", _path_of(offered), token=offered["runner_token"])
        return bool(found.json()["status"] == "offered")

    await eventually(has_offer, "the offer to the first in line")
    return waiting


async def _joins(site: Site, form: Mapping[str, Any]) -> dict[str, Any]:
    answer = await site.call(
        "POST", "/registration/v1/waitlist", json=form, headers={"Idempotency-Key": uuid4().hex}, expect=201
    )
    return dict(answer.json())


def _path_of(place: Mapping[str, Any]) -> str:
    return f"/registration/v1/waitlist/{place['waitlist_id']}"


def _number(buyer: Buyer) -> str:
    entry: dict[str, Any] = buyer.entry
    return str(entry["registration_number"])
