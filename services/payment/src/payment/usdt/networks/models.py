"""Requests and responses about networks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Self

import httpx
from chassis.web.models import Amount, Body, View
from chassis.wording import Refused, Wording
from pydantic import AfterValidator, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from payment.usdt.evm.addresses import NotAnAddress, checksum, parse_address
from payment.usdt.networks.access import ChainAccess
from payment.usdt.networks.commands import EndpointChange, NetworkChange
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.networks.queries import Offer, Reason
from payment.usdt.networks.tables import UsdtNetwork

_MOST_ENDPOINTS: Final = 5
_LONGEST_URL: Final = 500
_LARGEST_RANGE: Final = 100_000
_MOST_CONFIRMATIONS: Final = 10_000
_OTHERS: Final = ("confirmations", "minimum_order", "token_contract", "all_tokens")

_NO_URL: Final = Wording(
    en="Write the address of the endpoint, like https://node.example/key.",
    id="Tulis alamat endpoint, misalnya https://node.example/kunci.",
)
_URL_OR_NUMBER: Final = Wording(
    en="Enter the URL of a new endpoint, or the number of a stored one.",
    id="Isikan URL endpoint baru, atau nomor endpoint yang tersimpan.",
)
_NO_CONTRACT: Final = Wording(
    en="This is not the address of a contract: it starts with 0x, and has 40 digits or letters from A to F.",
    id="Ini bukan alamat kontrak: awalannya 0x, lalu 40 angka atau huruf A sampai F.",
)


def _web_address(url: SecretStr) -> SecretStr:
    try:
        parsed = httpx.URL(url.get_secret_value())
    except httpx.InvalidURL:
        raise Refused(_NO_URL) from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise Refused(_NO_URL)
    return url


def _contract(text: str) -> str:
    try:
        return checksum(parse_address(text))
    except NotAnAddress:
        raise Refused(_NO_CONTRACT) from None


class EndpointForm(Body):
    """A new endpoint by its `url`, or a stored one by its `number`, which keeps its URL.

    `log_range` is the maximum number of blocks in one request for logs.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[SecretStr, Field(max_length=_LONGEST_URL), AfterValidator(_web_address)] | None = None
    number: Annotated[int, Field(ge=1, le=_MOST_ENDPOINTS)] | None = None
    log_range: Annotated[int, Field(ge=1, le=_LARGEST_RANGE)]

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.url is None) == (self.number is None):
            raise Refused(_URL_OR_NUMBER)
        return self

    def change(self) -> EndpointChange:
        """Return what is asked for."""
        url = None if self.url is None else self.url.get_secret_value()
        return EndpointChange(url, self.number, self.log_range)


class NewNetwork(Body):
    """Settings of a network. Fields that are left out stay as they are, or have the network's defaults at first.

    `endpoints` are used in their order. `confirmations`: null for the block that the network calls finalized.
    `minimum_order`: in rupiah. `all_tokens`: whether transfers of other tokens are seen, too.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    enabled: bool
    endpoints: Annotated[list[EndpointForm], Field(min_length=1, max_length=_MOST_ENDPOINTS)] | None = None
    confirmations: Annotated[int, Field(ge=1, le=_MOST_CONFIRMATIONS)] | None = None
    minimum_order: Amount | None = None
    token_contract: Annotated[str, StringConstraints(max_length=100), AfterValidator(_contract)] | None = None
    all_tokens: bool | None = None

    def change(self) -> NetworkChange:
        """Return what is asked for."""
        sent = self.model_fields_set
        values: dict[str, Any] = {name: getattr(self, name) for name in _OTHERS if getattr(self, name) is not None}
        if "confirmations" in sent:
            values["confirmations"] = self.confirmations
        if self.token_contract is not None:
            values["token_contract"] = bytes(parse_address(self.token_contract))
        endpoints = None if self.endpoints is None else [each.change() for each in self.endpoints]
        return NetworkChange(self.enabled, endpoints, values)


class NetworkView(View):
    """A network on which invoices can be paid, and why it cannot be used now; `confirmations` null for finalized."""

    network: Network
    chain_id: int
    token_contract: str
    decimals: int
    confirmations: int | None
    minimum_order: Amount
    available: bool
    reason: Reason | None

    @classmethod
    def of(cls, offer: Offer) -> Self:
        """Build the view of an offer."""
        same = ("network", "chain_id", "decimals", "confirmations", "minimum_order", "available", "reason")
        values = {name: getattr(offer, name) for name in same}
        return cls(token_contract=checksum(offer.token_contract), **values)


class Networks(View):
    """All networks."""

    items: Sequence[NetworkView]


class EndpointView(View):
    """An endpoint. Of its URL only the host is shown, as the rest usually contains a key."""

    number: int
    host: str
    log_range: int


class NetworkSettingsView(View):
    """The settings of a network. `probed_at` and `updated_at` are null if it was never configured."""

    network: Network
    chain_id: int
    token_contract: str
    decimals: int
    confirmations: int | None
    minimum_order: Amount
    all_tokens: bool
    enabled: bool
    endpoints: Sequence[EndpointView]
    probed_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def of(cls, network: Network, row: UsdtNetwork | None, access: ChainAccess) -> Self:
        """Build the view of a network; of its preset if it has no settings."""
        shown = row or PRESETS[network]
        same = ("chain_id", "decimals", "confirmations", "minimum_order")
        stored = [] if row is None else access.stored(row)
        return cls(
            network=network,
            token_contract=checksum(shown.token_contract),
            all_tokens=True if row is None else row.all_tokens,
            enabled=row is not None and row.enabled,
            endpoints=[
                EndpointView(number=number, host=each.host, log_range=each.log_range)
                for number, each in enumerate(stored, start=1)
            ],
            probed_at=None if row is None else row.probed_at,
            updated_at=None if row is None else row.updated_at,
            **{name: getattr(shown, name) for name in same},
        )


class NetworkSettings(View):
    """The settings of all networks."""

    items: Sequence[NetworkSettingsView]
