"""The methods of JSON-RPC that read a chain."""

from collections.abc import Callable, Mapping
from typing import Any

from simulators.chain.blocks import block_body, log_body, receipt_body
from simulators.chain.encoding import WORD, data, parse_data, word
from simulators.chain.errors import InvalidParams, NotFound, Refused, UnknownMethod
from simulators.chain.filters import filtered_blocks, parse_criteria, parse_filter
from simulators.chain.transfers import ADDRESS_BYTES, Token
from simulators.chain.views import View

Params = list[Any]
# First four bytes of keccak256 of the function's name with its types.
_BALANCE_OF = bytes.fromhex("70a08231")
_DECIMALS = bytes.fromhex("313ce567")


def call_method(view: View, method: str, params: Params) -> Any:
    """Return the result of a call.

    Raises:
        Refused: the method is unknown, its parameters are wrong, or a block is not there.
    """
    if method not in _METHODS:
        raise UnknownMethod(method)
    return _METHODS[method](view, params)


def parameter(params: Params, position: int) -> Any:
    """Return a parameter.

    Raises:
        InvalidParams: it is missing.
    """
    if position >= len(params):
        raise InvalidParams(f"missing value for required argument {position}")
    return params[position]


def _chain_id(view: View, _: Params) -> str:
    return hex(view.chain.chain_id)


def _block_number(view: View, _: Params) -> str:
    return hex(view.head)


def _block_by_number(view: View, params: Params) -> Any:
    block = view.find(view.number(parameter(params, 0)))
    return None if block is None else block_body(block)


def _block_by_hash(view: View, params: Params) -> Any:
    block = view.find_by_hash(parse_data(parameter(params, 0), WORD))
    return None if block is None else block_body(block)


def _logs(view: View, params: Params) -> Any:
    sent = parse_filter(parameter(params, 0))
    criteria = parse_criteria(sent)
    return [log_body(log) for block in filtered_blocks(sent, view) for log in block.logs() if criteria.accept(log)]


def _receipt(view: View, params: Params) -> Any:
    transaction_hash = parse_data(parameter(params, 0), WORD)
    try:
        block = view.chain.block_of(transaction_hash)
    except LookupError:
        return None
    if block.number > view.head:
        return None
    return receipt_body(block, next(each for each in block.transactions if each.hash == transaction_hash))


def _call(view: View, params: Params) -> str:
    """Call a contract after the block of the second parameter; without a contract there, the result is empty."""
    sent = parameter(params, 0)
    if not isinstance(sent, dict):
        raise InvalidParams("invalid call")
    number = view.number(parameter(params, 1))
    if number > view.head:
        raise NotFound("header not found")
    if number < view.oldest_state:
        raise NotFound("missing trie node: state is not available")
    token = view.chain.tokens.get(parse_data(sent.get("to"), ADDRESS_BYTES))
    # "input" is the newer name of "data".
    encoded = parse_data(sent.get("input") or sent.get("data"))
    return data(b"") if token is None else data(_call_token(view, token, encoded, number))


def _call_token(view: View, token: Token, encoded: bytes, number: int) -> bytes:
    selector, arguments = encoded[:4], encoded[4:]
    if selector == _DECIMALS:
        return word(token.decimals)
    if selector == _BALANCE_OF and len(arguments) == WORD:
        return word(view.chain.balance(token.address, arguments[-ADDRESS_BYTES:], number))
    raise Refused(3, "execution reverted")


_METHODS: Mapping[str, Callable[[View, Params], Any]] = {
    "eth_blockNumber": _block_number,
    "eth_call": _call,
    "eth_chainId": _chain_id,
    "eth_getBlockByHash": _block_by_hash,
    "eth_getBlockByNumber": _block_by_number,
    "eth_getLogs": _logs,
    "eth_getTransactionReceipt": _receipt,
}
