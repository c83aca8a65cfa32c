"""Every table of this service, so that its metadata is whole."""

from payment.base import Base, service_tables
from payment.instructions.tables import PaymentSettings
from payment.invoices.tables import Invoice
from payment.proofs.tables import ImageSweep, Payment, ProofUpload
from payment.refunds.tables import Refund
from payment.uptime.tables import Outage, Uptime

__all__ = [
    "Base",
    "ImageSweep",
    "Invoice",
    "Outage",
    "Payment",
    "PaymentSettings",
    "ProofUpload",
    "Refund",
    "Uptime",
    "service_tables",
]
