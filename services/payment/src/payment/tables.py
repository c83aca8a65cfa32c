"""All tables of this service. Importing this module completes the metadata."""

from payment.base import Base, image_orphans, service_tables, set_aside
from payment.charges.tables import Charge, GatewayNotice
from payment.gateways.tables import GatewaySettings
from payment.incoming.tables import UnassignedMoney
from payment.instructions.tables import PaymentSettings
from payment.invoices.tables import Invoice
from payment.ledger.tables import Movement
from payment.proofs.tables import ImageSweep, Payment, ProofFingerprint, ProofUpload
from payment.races.tables import Category, Race
from payment.refunds.tables import Refund
from payment.reports.tables import PaymentSum
from payment.statements.tables import ImportedStatement, StatementLine
from payment.uptime.tables import Outage, Uptime

__all__ = [
    "Base",
    "Category",
    "Charge",
    "GatewayNotice",
    "GatewaySettings",
    "ImageSweep",
    "ImportedStatement",
    "Invoice",
    "Movement",
    "Outage",
    "Payment",
    "PaymentSettings",
    "PaymentSum",
    "ProofFingerprint",
    "ProofUpload",
    "Race",
    "Refund",
    "StatementLine",
    "UnassignedMoney",
    "Uptime",
    "image_orphans",
    "service_tables",
    "set_aside",
]
