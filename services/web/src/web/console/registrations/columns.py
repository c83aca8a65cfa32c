"""The columns of the list of registrations."""

from typing import Final

from web.console.columns import Columns

COLUMNS: Final = Columns(
    ("name", "status", "category", "type", "participants", "amount", "registered", "deadline"),
    ("name", "status", "category", "participants", "amount", "registered"),
)
"""All columns besides the number."""
