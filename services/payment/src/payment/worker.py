"""The periodic jobs of the worker: held decisions, charges, fingerprints, sums, movements,
amounts of transfers, orphaned images, and an outage's report."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import httpx
from chassis.database import Database
from chassis.images.store import image_store
from chassis.uptime.rules import BEAT_EVERY
from chassis.worker import Periodic

from payment.charges.asking import ask_due
from payment.charges.retention import forget_old_notices
from payment.charges.strangers import ask_about_strangers
from payment.charges.taken_back import store_missing_taken_back
from payment.gateways.account import GatewayAccess
from payment.proofs.booking import book_missing_payments
from payment.proofs.missing import fingerprint_waiting, hash_fingerprints
from payment.reconciliation.runs import run_for_yesterday
from payment.refund_desk.sending import ask_about_refunds
from payment.refunds.booking import book_missing_refunds
from payment.reports.backfill import complete_old_invoices
from payment.reports.commands import fold_all_sums
from payment.review.commands import apply_held_decisions
from payment.settings import Settings
from payment.statements.accepting import go_on_accepting
from payment.surplus_desk.sending import ask_about_kept_money
from payment.sweep import sweep_orphans
from payment.transfers.sweep import release_amounts
from payment.uptime.beats import report_closed
from payment.usdt.keys.checking import check_addresses
from payment.usdt.networks.access import ChainAccess
from payment.usdt.pay.deadlines import hold_all
from payment.usdt.pay.settling import settle, settle_left
from payment.usdt.rates.coingecko import BASE_URL as COINGECKO
from payment.usdt.rates.coingecko import CoinGecko
from payment.usdt.rates.fetching import fetch_rates
from payment.usdt.rates.indodax import BASE_URL as INDODAX
from payment.usdt.rates.indodax import Indodax
from payment.usdt.rates.retention import forget_old_rates
from payment.usdt.returns.checking import check_refunds
from payment.usdt.watch.following import watch_all
from payment.usdt.watch.nodes import Nodes
from payment.usdt.watch.sweeping import sweep_balances


def periodic_jobs(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Return the periodic jobs on `database`."""
    images = image_store(settings)
    # Its connections, and those to endpoints, close themselves when they have been idle for seconds.
    http = httpx.AsyncClient()
    gateway = GatewayAccess(settings.secret_box(), http, settings.midtrans_base_url)
    sweep = Periodic(
        "sweep_orphans", timedelta(minutes=settings.orphan_sweep_minutes), lambda: sweep_orphans(database, images)
    )
    return [
        sweep,
        Periodic("report_closed", BEAT_EVERY, lambda: report_closed(database)),
        Periodic("held_decisions", timedelta(seconds=1), lambda: apply_held_decisions(database)),
        Periodic("fingerprints", timedelta(seconds=30), lambda: fingerprint_waiting(database, images)),
        Periodic("picture_hashes", timedelta(seconds=30), lambda: hash_fingerprints(database)),
        Periodic("fold_sums", timedelta(minutes=5), lambda: fold_all_sums(database)),
        Periodic("charges", timedelta(seconds=1), lambda: ask_due(database, gateway)),
        Periodic("gateway_notices", timedelta(seconds=10), lambda: ask_about_strangers(database, gateway)),
        Periodic("refunds", timedelta(seconds=5), lambda: ask_about_refunds(database, gateway)),
        Periodic("kept_money", timedelta(seconds=5), lambda: ask_about_kept_money(database, gateway)),
        Periodic("book_payments", timedelta(minutes=5), lambda: book_missing_payments(database)),
        Periodic("book_refunds", timedelta(minutes=5), lambda: book_missing_refunds(database)),
        Periodic("taken_back", timedelta(minutes=5), lambda: store_missing_taken_back(database)),
        Periodic("transfer_amounts", timedelta(hours=1), lambda: release_amounts(database)),
        Periodic("old_notices", timedelta(hours=1), lambda: forget_old_notices(database)),
        Periodic("reconciliation", timedelta(minutes=5), lambda: run_for_yesterday(database, settings.zone)),
        Periodic("accept_lines", timedelta(seconds=10), lambda: go_on_accepting(database, settings.zone)),
        Periodic("complete_invoices", timedelta(minutes=10), lambda: complete_old_invoices(database)),
        *_usdt_jobs(settings, database, http),
    ]


def _usdt_jobs(settings: Settings, database: Database, http: httpx.AsyncClient) -> Sequence[Periodic]:
    """Return the jobs of payments in USDT."""
    box = settings.secret_box()
    nodes = Nodes(ChainAccess.outward(box, settings.usdt_private_hosts))
    key = settings.coingecko_api_key.get_secret_value()
    sources = (
        Indodax(http, base_url=settings.indodax_base_url or INDODAX),
        CoinGecko(http, base_url=settings.coingecko_base_url or COINGECKO, api_key=key),
    )
    return [
        Periodic("usdt_rates", timedelta(seconds=15), lambda: fetch_rates(database, sources)),
        Periodic("old_rates", timedelta(hours=1), lambda: forget_old_rates(database)),
        Periodic("chains", timedelta(seconds=3), lambda: watch_all(database, nodes, partial(settle, database))),
        Periodic("settle_transfers", timedelta(seconds=30), lambda: settle_left(database)),
        Periodic("chain_deadlines", timedelta(seconds=10), lambda: hold_all(database)),
        Periodic("usdt_refunds", timedelta(seconds=15), lambda: check_refunds(database, nodes)),
        Periodic("chain_balances", timedelta(hours=1), lambda: sweep_balances(database, nodes)),
        Periodic("usdt_addresses", timedelta(hours=1), lambda: check_addresses(database, box)),
    ]
