"""QRIS codes with the amount of an invoice in them, for runners whose payment app fills it in."""
