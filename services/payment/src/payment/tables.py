"""All tables of this service. Importing this module completes the metadata."""

from payment.base import Base, image_orphans, service_tables, set_aside
from payment.charges.tables import Charge, GatewayNotice
from payment.gateway_reports.tables import GatewayReport
from payment.gateways.tables import GatewaySettings
from payment.incoming.tables import UnassignedMoney
from payment.instructions.tables import PaymentSettings
from payment.invoices.tables import Invoice, TransferAmount
from payment.ledger.tables import Movement
from payment.proofs.tables import ImageSweep, Payment, ProofFingerprint, ProofUpload
from payment.races.tables import Category, Race
from payment.reconciliation.tables import Reconciliation
from payment.refunds.tables import Refund
from payment.reports.tables import PaymentSum
from payment.statements.tables import (
    ImportedStatement,
    LinePayment,
    StatementLine,
    StatementMapping,
    UndoneDecision,
)
from payment.uptime.tables import Outage, Uptime
from payment.usdt.keys.tables import KeyCheck, ReceivingKey
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.quotes.tables import PaymentAddress, Quote
from payment.usdt.rates.tables import UsdtRate, UsdtRateSource
from payment.usdt.returns.tables import RefundAddress, RefundCheck
from payment.usdt.watch.tables import BlockchainTransaction, ChainBlock, ChainCursor

__all__ = [
    "Base",
    "BlockchainTransaction",
    "Category",
    "ChainBlock",
    "ChainCursor",
    "Charge",
    "GatewayNotice",
    "GatewayReport",
    "GatewaySettings",
    "ImageSweep",
    "ImportedStatement",
    "Invoice",
    "KeyCheck",
    "LinePayment",
    "Movement",
    "Outage",
    "Payment",
    "PaymentAddress",
    "PaymentSettings",
    "PaymentSum",
    "ProofFingerprint",
    "ProofUpload",
    "Quote",
    "Race",
    "ReceivingKey",
    "Reconciliation",
    "Refund",
    "RefundAddress",
    "RefundCheck",
    "StatementLine",
    "StatementMapping",
    "TransferAmount",
    "UnassignedMoney",
    "UndoneDecision",
    "Uptime",
    "UsdtNetwork",
    "UsdtRate",
    "UsdtRateSource",
    "image_orphans",
    "service_tables",
    "set_aside",
]
