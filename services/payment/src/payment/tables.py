"""All tables of this service. Importing this module completes the metadata."""

from payment.base import Base, image_orphans, service_tables, set_aside
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
    "image_orphans",
    "service_tables",
    "set_aside",
]
