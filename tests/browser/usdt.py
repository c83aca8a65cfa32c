"""USDT on the simulated chain: what the organisers set up, and what runners send."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from standalone.journey.checks import eventually
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd
from standalone.journey.usdt import XPUB

from .desk import Desk
from .races import Races

NETWORK: Final = "polygon"
CONFIRMATIONS: Final = 30
"""More than come by themselves while a test looks at a payment that is not final."""

WALLET: Final = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
"""An address of a runner."""

_FAKE_TOKEN: Final = f"0xfa4e{'00' * 18}"
_PATH: Final = "m/44'/60'/0'"
_OTHER_XPUB: Final = (
    "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt"
)
"""Of m/44'/60'/0' of "abandon" eleven times, "about"."""

_PART: Final = "10"
_STATES: Final = (
    "not chosen",
    "chosen",
    "in part",
    "in part, the rest asked",
    "paid",
    "too much",
    "cancelled",
    "cancelled, address named",
)


@dataclass(frozen=True)
class Chain:
    """The simulated chain, which makes a block every two seconds."""

    site: Site

    async def send(self, to: str, amount: Decimal | str, **more: str) -> None:
        """Send tokens to an address, with the next block; of another token than USDT if `token` names it."""
        await self._post("send", to=to, amount=str(amount), **more)

    async def mine(self, blocks: int = 1) -> None:
        """Make blocks at once."""
        await self._post("mine", blocks=blocks)

    async def confirm(self) -> None:
        """Make as many blocks as confirm what was sent."""
        await self.mine(CONFIRMATIONS)

    async def take_back(self) -> None:
        """Replace the blocks that are not final, without what was sent in them."""
        await self._post("reorg", depth=CONFIRMATIONS - 1)

    async def _post(self, what: str, **body: Any) -> None:
        (await self.site.http.post(f"{self.site.simulators}/chain/{what}", json=body)).raise_for_status()


@dataclass(frozen=True)
class Payer:
    """A runner who pays in USDT without the pages."""

    buyer: Buyer
    chain: Chain

    async def chooses(self) -> Mapping[str, Any]:
        """Ask for an amount, and return how it is paid."""
        body = {"network": NETWORK}
        return dict((await self.buyer.site.call("POST", self._path, token=self.buyer.token, json=body)).json())

    async def shown(self) -> Mapping[str, Any]:
        """Return how far the payment is."""
        return dict((await self.buyer.site.call("GET", self._path, token=self.buyer.token)).json())

    async def sends(self, amount: Decimal | str, **more: str) -> None:
        """Send so many tokens to the own address."""
        await self.chain.send((await self.shown())["address"], amount, **more)

    async def names_address(self) -> None:
        """Say where USDT should go back."""
        body = {"network": NETWORK, "address": WALLET}
        await self.buyer.site.call("PUT", f"{self._path}/refund-address", token=self.buyer.token, json=body)

    async def becomes(self, **values: Any) -> None:
        """Wait until the payment has these values."""

        async def there() -> bool:
            shown = await self.shown()
            return all(shown[name] == value for name, value in values.items())

        await eventually(there, f"{values} of {self.number}")

    @property
    def number(self) -> str:
        """Return the number of the registration."""
        return str(self.buyer.entry["registration_number"])

    @property
    def _path(self) -> str:
        return f"/payment/v1/invoices/{self.buyer.entry['registration_id']}/usdt"


@dataclass(frozen=True)
class UsdtPages:
    """Registrations that are paid in USDT, and what the console shows of them.

    Attributes:
        links: paths that open the registrations, by state.
        ids: what stands in addresses of the console.
    """

    links: Mapping[str, str]
    ids: Mapping[str, str]


async def prepare_usdt(site: Site, races: Races, crowd: Crowd) -> UsdtPages:
    """Offer USDT, let one group pay for each state, and let staff do what leads to it."""
    await _offer(site, races.staff)
    chain, category = Chain(site), races.categories["10k"]["id"]
    buyers = {state: await Buyer.of(site, crowd.form(category, 5)).register() for state in _STATES}
    payers = {state: Payer(buyer, chain) for state, buyer in buyers.items()}
    for state, payer in payers.items():
        await eventually(payer.buyer.has_invoice, f"the invoice of {state}")
    await _pay(payers, chain)
    for state in ("cancelled", "cancelled, address named"):
        await Desk(races.staff).cancels(payers[state].buyer.entry["registration_id"])
        await payers[state].becomes(status="closed", refund_owed=True)
    await payers["cancelled, address named"].names_address()
    links = {state: urlsplit(payer.buyer.entry["status_url"]).path for state, payer in payers.items()}
    return UsdtPages(links, await _ids(races.staff, payers))


async def _offer(site: Site, owner: StaffMember) -> None:
    """Confirm a receiving key, set a rate, configure the network, and wait until runners can choose it."""
    key = await owner.call("POST", "/payment/v1/usdt/keys", json={"xpub": XPUB, "path": _PATH}, expect=201)
    first = {"address": key["first_addresses"][0]}
    await owner.call("POST", f"/payment/v1/usdt/keys/{key['key_id']}/confirm", json=first)
    until = (datetime.now(UTC) + timedelta(hours=12)).isoformat()
    rate = {"idr_per_usdt": "16650", "reason": "Kurs rapat panitia", "valid_until": until}
    await owner.call("POST", "/payment/v1/usdt/rates", json=rate, expect=201)
    endpoints = [{"url": f"{site.simulators}/chain/rpc/{name}", "log_range": 500} for name in ("main", "backup")]
    settings = {"enabled": True, "endpoints": endpoints, "confirmations": CONFIRMATIONS, "minimum_order": "0"}
    await owner.call("PUT", f"/payment/v1/usdt/networks/{NETWORK}/settings", json=settings)

    async def is_offered() -> bool:
        offers = (await site.call("GET", "/payment/v1/usdt/networks")).json()["items"]
        return any(each["network"] == NETWORK and each["available"] for each in offers)

    await eventually(is_offered, "USDT being offered")


async def _pay(payers: Mapping[str, Payer], chain: Chain) -> None:
    quotes = {state: await payer.chooses() for state, payer in payers.items() if state != "not chosen"}
    await payers["in part"].sends("7", token=_FAKE_TOKEN)
    for state in _STATES[2:]:
        whole = {"paid": Decimal(0), "too much": Decimal(5)}.get(state)
        await payers[state].sends(_PART if whole is None else Decimal(quotes[state]["amount"]) + whole)
    await chain.confirm()
    await payers["paid"].becomes(status="paid")
    await payers["too much"].becomes(status="paid", refund_owed=True)
    for state in ("in part", "in part, the rest asked", "cancelled", "cancelled, address named"):
        await payers[state].becomes(status="partial")
    await payers["in part, the rest asked"].chooses()


async def _ids(owner: StaffMember, payers: Mapping[str, Payer]) -> Mapping[str, str]:
    """Return what stands in addresses of the console; decide that some money goes back."""
    another = {"xpub": _OTHER_XPUB, "path": _PATH}
    proposed = await owner.call("POST", "/payment/v1/usdt/keys", json=another, expect=201)
    keys = (await owner.call("GET", "/payment/v1/usdt/keys"))["items"]
    surplus = await _money_of(owner, payers["too much"])
    body = {"reason": "Peserta mengirim terlalu banyak"}
    await owner.call("POST", f"/payment/v1/surplus/{surplus}/refund", json=body, expect=204)
    payment = await _payment_of(owner, payers["too much"])
    refund = {"payment_id": payment, "amount": "100000.00", "reason": "Peserta pindah kategori"}
    return {
        "key": next(each["key_id"] for each in keys if each["state"] == "active"),
        "proposed": proposed["key_id"],
        "transfer_paid": await _transfer_of(owner, payers["paid"]),
        "transfer_part": await _transfer_of(owner, payers["in part"]),
        "transfer_other": await _transfer_of(owner, payers["in part"], kind="other_token"),
        "transfer_kept": await _transfer_of(owner, payers["cancelled"]),
        "surplus": surplus,
        "unknown": await _money_of(owner, payers["cancelled"]),
        "with_address": await _money_of(owner, payers["cancelled, address named"]),
        "payment": payment,
        "refund": (await owner.call("POST", "/payment/v1/refunds", json=refund, expect=201))["refund_id"],
    }


async def _transfer_of(owner: StaffMember, payer: Payer, *, kind: str = "usdt") -> str:
    found = (await owner.call("GET", "/payment/v1/usdt/transfers?limit=200"))["items"]
    return next(
        str(each["id"]) for each in found if each["registration_number"] == payer.number and each["kind"] == kind
    )


async def _money_of(owner: StaffMember, payer: Payer) -> str:
    path = f"/payment/v1/surplus?registration_id={payer.buyer.entry['registration_id']}"
    [found] = (await owner.call("GET", path))["items"]
    return str(found["id"])


async def _payment_of(owner: StaffMember, payer: Payer) -> str:
    path = f"/payment/v1/invoices/{payer.buyer.entry['registration_id']}"
    [found] = (await owner.call("GET", path))["payments"]
    return str(found["payment_id"])
