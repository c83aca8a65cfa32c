"""What payment's API answers about receiving keys, networks, rates and transfers of USDT."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .walk_accounts_answers import ANSWERS as OF_ACCOUNTS
from .walk_money_answers import ANSWERS as OF_MONEY
from .walk_money_answers import COLLEAGUE, ENTRY, NUMBER, PAYMENT, PROOF, answer, at
from .walk_staff import OWNER

KEY: Final = "0190c0de-0000-7000-8000-0000000000e1"
FORMER: Final = "0190c0de-0000-7000-8000-0000000000e2"
TRANSFER: Final = "0190c0de-0000-7000-8000-0000000000e3"

FIRST: Final = (
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
)
"""The first addresses of a wallet that everybody may know, as it is for tests."""

CONTRACT: Final = "0x55d398326f99059fF775485246999027B3197955"
HASH: Final = f"0x{'7b' * 32}"
ACCOUNT: Final = "m/44'/60'/0'"

KEYS: Final = ("GET", f"{PAYMENT}/usdt/keys")
ENTER: Final = ("POST", f"{PAYMENT}/usdt/keys")
CONFIRM: Final = ("POST", f"{PAYMENT}/usdt/keys/{KEY}/confirm")
FILE: Final = ("GET", f"{PAYMENT}/usdt/keys/{KEY}/addresses.csv")
OFFERS: Final = ("GET", f"{PAYMENT}/usdt/networks")
SETTINGS: Final = ("GET", f"{PAYMENT}/usdt/networks/settings")
SAVE: Final = ("PUT", f"{PAYMENT}/usdt/networks/bsc/settings")
CHAINS: Final = ("GET", f"{PAYMENT}/usdt/chains")
RESUME: Final = ("POST", f"{PAYMENT}/usdt/chains/bsc/resume")
RATES: Final = ("GET", f"{PAYMENT}/usdt/rates")
SET_RATE: Final = ("POST", f"{PAYMENT}/usdt/rates")
WITHDRAW: Final = ("POST", f"{PAYMENT}/usdt/rates/7/withdraw")
TRANSFERS: Final = ("GET", f"{PAYMENT}/usdt/transfers")
ONE_TRANSFER: Final = ("GET", f"{PAYMENT}/usdt/transfers/{TRANSFER}")
ASSIGN: Final = ("POST", f"{PAYMENT}/usdt/transfers/{TRANSFER}/assign")


def key(state: str = "proposed", **fields: Any) -> dict[str, Any]:
    """Return a receiving key; one that was proposed is not confirmed."""
    is_confirmed = state != "proposed"
    return {
        "key_id": KEY,
        "path": ACCOUNT,
        "state": state,
        "first_addresses": list(FIRST),
        "given": 12 if is_confirmed else 0,
        "created_at": at(-9),
        "created_by": str(OWNER),
        "confirmed_at": at(-8) if is_confirmed else None,
        "confirmed_by": COLLEAGUE if is_confirmed else None,
        "retired_at": at(-1) if state == "retired" else None,
        **fields,
    }


def former(state: str = "active") -> dict[str, Any]:
    """Return the key of another account."""
    return key(state, key_id=FORMER, path="m/44'/60'/1'")


def listed(*items: dict[str, Any], **fields: Any) -> httpx.Response:
    """Return a list, or a page of one."""
    return answer({"items": list(items), **fields})


def endpoint(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a stored endpoint."""
    return {"number": number, "host": f"node{number}.example", "log_range": 1000 * number, **fields}


def network(name: str = "bsc", *endpoints: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the settings of a network that is offered."""
    return {
        "network": name,
        "chain_id": 56,
        "token_contract": CONTRACT,
        "decimals": 18,
        "confirmations": 15,
        "minimum_order": "0.00",
        "all_tokens": True,
        "enabled": True,
        "endpoints": list(endpoints) or [endpoint(1), endpoint(2)],
        "probed_at": at(-7),
        "updated_at": at(-7),
        **fields,
    }


def new_network(name: str = "bsc") -> dict[str, Any]:
    """Return the settings of a network that was never configured."""
    never: dict[str, Any] = {"enabled": False, "probed_at": None, "updated_at": None, "endpoints": []}
    return network(name, minimum_order="500000.00", **never)


def offer(name: str = "bsc", reason: str | None = None) -> dict[str, Any]:
    """Return a network as runners have it."""
    return {"network": name, "available": reason is None, "reason": reason}


def chain(name: str = "bsc", **fields: Any) -> dict[str, Any]:
    """Return how far a chain was read: up to some seconds ago."""
    return {
        "network": name,
        "chain_id": 56,
        "enabled": True,
        "head_block": 41_000_012,
        "head_time": at(-0.001),
        "scanned_time": at(-0.001),
        "confirmed_block": 41_000_000,
        "confirmed_time": at(-0.01),
        "trouble": None,
        "trouble_since": None,
        "stopped": False,
        "updated_at": at(-0.001),
        **fields,
    }


def unread_chain(name: str = "bsc") -> dict[str, Any]:
    """Return a chain that was not read yet."""
    return dict.fromkeys(chain()) | {"network": name, "chain_id": 56, "enabled": True}


def rate(source: str = "median", amount: str = "16650.50", **fields: Any) -> dict[str, Any]:
    """Return a rate that is used, or what a source said."""
    nothing = dict.fromkeys(("valid_until", "reason", "set_by", "note"))
    times = {"observed_at": at(-0.02), "created_at": at(-0.01)}
    return {"id": 7, "source": source, "idr_per_usdt": amount, **times, "accepted": True, **nothing, **fields}


def refused_rate(reason: str, source: str = "median", amount: str = "18000.00") -> dict[str, Any]:
    """Return a rate that is not used."""
    return rate(source, amount, accepted=False, reason=reason)


def manual_rate(**fields: Any) -> dict[str, Any]:
    """Return a rate that staff have set."""
    return rate("manual", "16700.00", valid_until=at(5), set_by=COLLEAGUE, note="7b1", **fields)


def withdrawn_rate() -> dict[str, Any]:
    """Return a rate that staff have set, and withdrawn."""
    return manual_rate(withdrawn_by=COLLEAGUE, withdrawal_reason="7b2")


def source(name: str = "indodax", trouble: str | None = None) -> dict[str, Any]:
    """Return a source of rates."""
    since = at(-1) if trouble else None
    return {"source": name, "asked_at": at(-0.01), "trouble": trouble, "trouble_since": since}


def rates(*items: dict[str, Any], **fields: Any) -> httpx.Response:
    """Return the rate that is used now, and a page of rates."""
    about = {"current": rate(), "reason": None, "sources": [source(), source("coingecko")], "next_cursor": None}
    return answer({"items": list(items), **about, **fields})


def transfer(**fields: Any) -> dict[str, Any]:
    """Return a transfer that paid its registration."""
    return {
        "id": TRANSFER,
        "network": "bsc",
        "tx_hash": HASH,
        "token": CONTRACT,
        "sender": FIRST[2],
        "recipient": FIRST[0],
        "amount": "21.03",
        "kind": "usdt",
        "state": "confirmed",
        "settled": "paid",
        "registration_id": ENTRY,
        "registration_number": NUMBER,
        "block_time": at(-2),
        "confirmations": 40,
        **fields,
    }


def kept(**fields: Any) -> dict[str, Any]:
    """Return a transfer that waits for a decision."""
    return transfer(settled="kept", **fields)


ANSWERS: Final[Mapping[tuple[str, str], httpx.Response]] = {
    **OF_ACCOUNTS,
    KEYS: listed(key(), former()),
    ENTER: answer(key(), 201),
    CONFIRM: answer(key("active")),
    FILE: httpx.Response(200, text="index,path\r\n", headers={"Content-Type": "text/csv; charset=utf-8"}),
    OFFERS: listed(offer(), offer("ethereum", "not_offered")),
    SETTINGS: listed(network(), new_network("ethereum")),
    SAVE: answer(network()),
    CHAINS: listed(chain()),
    RESUME: httpx.Response(204),
    RATES: rates(rate(), rate("indodax", "16655.00"), rate("coingecko", "16646.00")),
    SET_RATE: answer(manual_rate(), 201),
    WITHDRAW: answer(withdrawn_rate()),
    TRANSFERS: listed(transfer(), kept(registration_number=None), next_cursor="x"),
    ONE_TRANSFER: answer(transfer()),
    ASSIGN: answer({"payment_id": PROOF}),
}

OF_REFUNDS: Final[Mapping[tuple[str, str], httpx.Response]] = {**OF_MONEY, OFFERS: ANSWERS[OFFERS]}
"""What the APIs answer on the pages of payments and refunds."""
