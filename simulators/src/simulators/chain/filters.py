"""The filter of `eth_getLogs`.

Sources:
    https://ethereum.github.io/execution-apis/api/methods/eth_getLogs
    https://eips.ethereum.org/EIPS/eip-234 (`blockHash`)
    https://github.com/ethereum/go-ethereum/blob/master/eth/filters/api.go (limits)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulators.chain.blocks import Block, Log
from simulators.chain.encoding import WORD, parse_data
from simulators.chain.errors import InvalidParams, NotFound
from simulators.chain.transfers import ADDRESS_BYTES
from simulators.chain.views import View

_MOST_TOPICS = 4
_MOST_ALTERNATIVES = 1000


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a log must have. Empty sets accept everything; `topics` are by position."""

    addresses: frozenset[bytes]
    topics: tuple[frozenset[bytes], ...]

    def accept(self, log: Log) -> bool:
        if self.addresses and log.transfer.token not in self.addresses:
            return False
        if len(self.topics) > len(log.topics):
            return False
        return all(not wanted or topic in wanted for wanted, topic in zip(self.topics, log.topics, strict=False))


def parse_filter(sent: Any) -> Mapping[str, Any]:
    """Return the filter's fields.

    Raises:
        InvalidParams: it is not an object, or has a range as well as a hash.
    """
    if not isinstance(sent, dict):
        raise InvalidParams("missing value for required argument 0")
    if "blockHash" in sent and not {"fromBlock", "toBlock"}.isdisjoint(sent):
        raise InvalidParams("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")
    return sent


def parse_criteria(sent: Mapping[str, Any]) -> Criteria:
    """Return what logs must have.

    Raises:
        InvalidParams: an address or a topic is malformed, or there are too many.
    """
    topics = sent.get("topics") or []
    if not isinstance(topics, list) or len(topics) > _MOST_TOPICS:
        raise InvalidParams("exceed max topics")
    return Criteria(_parse_set(sent.get("address"), ADDRESS_BYTES), tuple(_parse_set(topic, WORD) for topic in topics))


def parse_range(sent: Mapping[str, Any], view: View) -> range:
    """Return the numbers of the blocks that are asked for.

    Raises:
        NotFound, InvalidParams: an end is unknown, or the first is after the last.
    """
    first, last = (view.number(sent.get(name) or "latest") for name in ("fromBlock", "toBlock"))
    if first > last:
        raise InvalidParams("invalid block range params")
    return range(first, last + 1)


def filtered_blocks(sent: Mapping[str, Any], view: View) -> Iterator[Block]:
    """Return the blocks that may have logs. What is above the head, or not indexed, is silently missing in a range.

    Raises:
        NotFound: the block with a hash is unknown.
        InvalidParams: see `parse_range`.
    """
    if "blockHash" not in sent:
        asked = parse_range(sent, view)
        return view.chain.paying_blocks(asked[0], min(asked[-1], view.indexed))
    block = view.find_by_hash(parse_data(sent["blockHash"], WORD))
    if block is None:
        raise NotFound("unknown block")
    return iter([block] if block.number <= view.indexed else [])


def _parse_set(sent: Any, length: int) -> frozenset[bytes]:
    if sent is None:
        return frozenset()
    alternatives = sent if isinstance(sent, list) else [sent]
    if len(alternatives) > _MOST_ALTERNATIVES:
        raise InvalidParams("exceed max addresses or topics per search position")
    return frozenset(parse_data(each, length) for each in alternatives)
