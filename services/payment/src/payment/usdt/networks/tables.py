"""Settings of networks."""

from datetime import datetime
from decimal import Decimal

from chassis.tables import Money
from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, SmallInteger, String, Text, true
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class UsdtNetwork(Base):
    """A network whose endpoints were probed.

    Attributes:
        network: `payment.usdt.networks.presets.Network`.
        token_contract: the contract of USDT, whose amounts have `decimals`.
        confirmations: blocks from a transfer's own on until it is final; null for the block that the network calls
            finalized.
        minimum_order: in rupiah; invoices below it are not paid on this network.
        endpoints: sealed JSON, as their URLs contain keys; see `payment.usdt.networks.access`.
        all_tokens: whether transfers of all tokens are read, so that a wrong one is seen.
    """

    __tablename__ = "usdt_networks"
    __table_args__ = (
        CheckConstraint("chain_id > 0", name="chain_id"),
        CheckConstraint("length(token_contract) = 20", name="token_contract"),
        CheckConstraint("decimals BETWEEN 2 AND 36", name="decimals"),
        CheckConstraint("confirmations BETWEEN 1 AND 10000", name="confirmations"),
        CheckConstraint("minimum_order >= 0", name="minimum_order"),
        Index("uq_usdt_networks_chain_id", "chain_id", unique=True),
    )

    network: Mapped[str] = mapped_column(String(20), primary_key=True)
    chain_id: Mapped[int] = mapped_column(BigInteger)
    token_contract: Mapped[bytes] = mapped_column(LargeBinary)
    decimals: Mapped[int] = mapped_column(SmallInteger)
    confirmations: Mapped[int | None] = mapped_column(SmallInteger)
    minimum_order: Mapped[Decimal] = mapped_column(Money, server_default="0")
    endpoints: Mapped[str] = mapped_column(Text)
    all_tokens: Mapped[bool] = mapped_column(server_default=true())
    enabled: Mapped[bool]
    probed_at: Mapped[datetime]
    updated_at: Mapped[datetime]
