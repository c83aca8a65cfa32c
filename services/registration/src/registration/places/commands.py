"""Changing the places of a category."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from chassis.database import UnitOfWork

OnPlacesFreed = Callable[[UnitOfWork, UUID], Awaitable[None]]
"""Offers the free places of a category to its waiting list, in the transaction that released them.

The waiting list is a layer above those who release places, so they get this passed in.
"""
