"""Names and values of the fields that runners fill in on the pages."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

PROOF_FILE: Final = "file"
"""The input for the picture of a payment."""


def participant_fields(number: int, person: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a person types into the form as its participant `number`, by the name of the field."""
    born = date.fromisoformat(person["date_of_birth"])
    typed = {
        "full_name": person["full_name"],
        "email": person["email"],
        "whatsapp": person["whatsapp"],
        "gender": person["gender"],
        "date_of_birth-day": str(born.day),
        "date_of_birth-month": str(born.month),
        "date_of_birth-year": str(born.year),
        "jersey_size": person["jersey_size"],
        "emergency_contact_name": person["emergency_contact_name"],
        "emergency_contact_phone": person["emergency_contact_phone"],
    }
    return {f"p{number}-{name}": value for name, value in typed.items()}


def payment_fields(method: str = "qris") -> Mapping[str, str]:
    """Return what a person chooses in the form of the payment's proof, by the name of the field."""
    return {"payment_method": method}
