"""All pages of the console, by area, and the bodies that some of them take."""

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import APIRouter

from web.console.audit import router as audit
from web.console.dead_letters import router as dead_letters
from web.console.exports.files import router as export_files
from web.console.exports.pages import router as exports
from web.console.gateway import reports as gateway_reports
from web.console.gateway.account import router as gateway
from web.console.ledger.file import router as ledger_file
from web.console.ledger.routes import router as ledger
from web.console.login import router as login
from web.console.messages.failed import router as failed_messages
from web.console.messages.log import router as message_log
from web.console.messages.one import router as message
from web.console.overview.pages import router as overview
from web.console.participants.list import router as participants
from web.console.password import router as password
from web.console.payment_settings import picture as qris
from web.console.payment_settings.code import router as qris_code
from web.console.payment_settings.form import router as payment_settings
from web.console.payment_settings.reasons import router as refusal_reasons
from web.console.payment_settings.transfers import router as transfer_settings
from web.console.payments.pictures import router as payment_pictures
from web.console.payments.routes import router as payments
from web.console.pickup.conflicts import router as conflicts
from web.console.pickup.devices import router as devices
from web.console.pickup.handouts import router as handouts
from web.console.pickup.progress import router as pickup_progress
from web.console.pickup.station_code import router as station_code
from web.console.pickup.station_state import router as station_state
from web.console.pickup.stations import router as stations
from web.console.pickup.stock import router as stock
from web.console.prices.form import router as price_phase
from web.console.prices.list import router as prices
from web.console.promo_codes.list import router as promo_codes
from web.console.promo_codes.new import router as new_promo_code
from web.console.promo_codes.one import router as promo_code
from web.console.queues import router as queues
from web.console.races import pictures as race_pictures
from web.console.races.routes import routers as races
from web.console.reconciliation.routes import router as reconciliation
from web.console.refunds import evidence
from web.console.refunds.asking import router as new_refund
from web.console.refunds.routes import router as refunds
from web.console.refunds.usdt import router as refunds_in_usdt
from web.console.registration import routes as one_registration
from web.console.registrations.bulk_cancel import router as bulk_cancel
from web.console.registrations.bulk_export import router as bulk_export
from web.console.registrations.bulk_resend import router as bulk_resend
from web.console.registrations.table import router as registrations
from web.console.reports.financial import router as financial
from web.console.reports.participants import router as participants_report
from web.console.review.routes import router as review
from web.console.search.routes import router as search
from web.console.senders.channel import router as sender
from web.console.senders.health import router as senders
from web.console.sessions import router as sessions
from web.console.staff import router as staff
from web.console.statements import uploading
from web.console.statements.files import router as statements
from web.console.statements.line import router as statement_line
from web.console.statements.lines import router as statement_lines
from web.console.statements.mappings import router as statement_mappings
from web.console.statements.undoing import router as line_undo
from web.console.surplus.routes import router as surplus
from web.console.surplus.sending import router as surplus_sending
from web.console.surplus.usdt import router as surplus_in_usdt
from web.console.theme import router as theme
from web.console.usdt.key import router as usdt_key
from web.console.usdt.keys import router as usdt_keys
from web.console.usdt.network import router as usdt_network
from web.console.usdt.networks import router as usdt_networks
from web.console.usdt.rates import router as usdt_rates
from web.console.usdt.transfers import router as usdt_transfers
from web.console.views.routes import router as views
from web.console.waiting import routes as waiting
from web.console.wording.editor import router as template_editor
from web.console.wording.listing import router as templates

ROUTERS: Final[Sequence[APIRouter]] = (
    login,
    overview,
    bulk_cancel,  # before single registrations: none has the name `bulk`
    bulk_export,
    bulk_resend,
    registrations,
    search,
    views,
    *one_registration.ROUTERS,
    participants,
    *waiting.ROUTERS,
    *races,
    prices,
    price_phase,
    promo_codes,
    new_promo_code,  # before one code: none has the name `new`
    promo_code,
    pickup_progress,
    handouts,
    stations,
    station_state,
    station_code,
    devices,
    conflicts,
    stock,
    financial,
    participants_report,
    exports,
    export_files,
    message_log,
    failed_messages,
    message,
    templates,
    template_editor,
    senders,
    sender,
    payment_settings,
    qris.router,
    qris_code,
    refusal_reasons,
    transfer_settings,
    gateway,
    gateway_reports.router,
    review,
    statements,  # before payments: it has their former address
    statement_mappings,  # before a statement: none has the name `mappings`
    statement_lines,
    statement_line,
    line_undo,
    surplus,
    surplus_sending,
    surplus_in_usdt,
    usdt_keys,
    usdt_key,
    usdt_networks,
    usdt_network,
    usdt_rates,
    usdt_transfers,
    reconciliation,
    ledger,
    ledger_file,
    payments,
    payment_pictures,
    refunds,
    refunds_in_usdt,
    new_refund,
    evidence.router,
    queues,
    dead_letters,
    audit,
    sessions,
    password,
    theme,
    staff,
)

LARGER_BODIES: Final[Mapping[str, int]] = {
    r"(?:/en)?/console/statements": uploading.FORM_BYTES,
    r"(?:/en)?/console/gateway/reports": gateway_reports.FORM_BYTES,
    race_pictures.PATTERN: race_pictures.PICTURE_BYTES,
    r"(?:/en)?/console/payment-settings/picture": qris.PICTURE_BYTES,
    evidence.PATTERN: evidence.FORM_BYTES,
}
"""Patterns of the paths that take files, with the bytes that they accept."""
