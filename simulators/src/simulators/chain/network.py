"""The chain of a demo, which grows with the clock."""

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from simulators.chain.chain import Chain
from simulators.chain.encoding import parse_data
from simulators.chain.endpoint import Endpoint
from simulators.settings import Settings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAKE = bytes.fromhex("fa4e") + bytes(18)


def _system_clock() -> datetime:
    return datetime.now(UTC)


class ChainNetwork:
    """A chain with two endpoints, the configured token, and one that only has its name.

    Blocks are numbered by the clock, so that the chain goes on after a restart: only its transactions are lost.

    Attributes:
        chain: see `catch_up`.
        usdt: address of the configured token.
    """

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = _system_clock) -> None:
        self._clock = clock
        seconds = settings.chain_block_seconds
        self.chain = Chain(
            settings.chain_id,
            seconds,
            finality=settings.chain_finality,
            started_at=_EPOCH,
            head=int(clock().timestamp()) // seconds,
            salt=secrets.token_bytes(),
        )
        self.usdt = parse_data(settings.chain_token)
        self.chain.token(self.usdt, settings.chain_token_decimals)
        self.chain.token(_FAKE, settings.chain_token_decimals, "USDT (fake)")
        self.endpoints: Mapping[str, Endpoint] = {name: Endpoint(self.chain) for name in ("main", "backup")}

    def catch_up(self) -> None:
        """Mine the blocks that are due by now."""
        self.chain.mine_until(self._clock())
