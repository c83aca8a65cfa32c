"""Queries for quotes in USDT."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists

from payment.usdt.quotes.tables import Quote


def asked_for_usdt(registration_id: UUID) -> ColumnElement[bool]:
    """Return the condition that an amount in USDT was asked for, for an invoice."""
    return exists().where(Quote.registration_id == registration_id)
