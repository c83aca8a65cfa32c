"""The definition of payment."""

from chassis.service import Service

from payment.app import build_app
from payment.handlers import handlers
from payment.settings import Settings
from payment.tables import service_tables
from payment.worker import periodic_jobs

SERVICE = Service(
    name="payment",
    settings=Settings,
    tables=service_tables,
    build_app=build_app,
    periodic=periodic_jobs,
    handlers=handlers,
    doctor_reads=(
        "invoices",
        "payments",
        "refunds",
        "set_aside",
        "outages",
        "movements",
        "charges",
        "unassigned_money",
        "statement_lines",
        "blockchain_transactions",
        "usdt_quotes",
        "usdt_networks",
        "chain_cursors",
        "usdt_key_checks",
    ),
)
