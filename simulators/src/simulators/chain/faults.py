"""Ways in which an endpoint misbehaves."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

from simulators.chain.errors import Refused


class Lie(StrEnum):
    """Wrong answers.

    `not_json` is a page in HTML with HTTP 200, `garbage` a result of another shape, `chain_id` that of another network,
    `decimals` other ones than the token has.
    """

    NOT_JSON = "not_json"
    GARBAGE = "garbage"
    CHAIN_ID = "chain_id"
    DECIMALS = "decimals"


class RangeRefusal(StrEnum):
    """Whose words refuse a range of blocks.

    Sources:
        alchemy: https://github.com/boundless-xyz/boundless/issues/838
        bnb: https://docs.bnbchain.org/bnb-smart-chain/developers/json_rpc/json-rpc-endpoint/
        erigon: https://github.com/erigontech/erigon/pull/20424
        infura: https://github.com/INFURA/infura/issues/237
        quicknode: https://github.com/OffchainLabs/arbitrum-sdk/issues/609
        reth: https://github.com/paradigmxyz/reth/pull/8558
    """

    ALCHEMY = "alchemy"
    BNB = "bnb"
    ERIGON = "erigon"
    INFURA = "infura"
    QUICKNODE = "quicknode"
    RETH = "reth"


_RANGE_REFUSALS: Mapping[RangeRefusal, tuple[int, str, HTTPStatus]] = {
    RangeRefusal.ALCHEMY: (
        -32600,
        "You can make eth_getLogs requests with up to a {limit} block range.",
        HTTPStatus.BAD_REQUEST,
    ),
    RangeRefusal.BNB: (-32005, "limit exceeded", HTTPStatus.OK),
    RangeRefusal.ERIGON: (
        -32000,
        "query block range exceeds server limit, narrow your filter: {limit}",
        HTTPStatus.OK,
    ),
    RangeRefusal.INFURA: (-32602, "range {asked} exceeds limit of {limit}", HTTPStatus.OK),
    RangeRefusal.QUICKNODE: (
        -32614,
        "eth_getLogs is limited to a {limit:,} range",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ),
    RangeRefusal.RETH: (-32602, "query exceeds max block range {limit}", HTTPStatus.OK),
}


def range_refusal(refusal: RangeRefusal, *, asked: int, limit: int) -> Refused:
    """Return the error for `asked` blocks where `limit` are allowed."""
    code, message, status = _RANGE_REFUSALS[refusal]
    return Refused(code, message.format(asked=asked, limit=limit), status)


def address_wanted() -> Refused:
    """Return the error of public endpoints for filters without a contract's address."""
    return Refused(-32701, "Please specify an address in your request")


def batch_too_large() -> Refused:
    """Return the error of go-ethereum for a batch with too many calls."""
    return Refused(-32600, "batch too large")
