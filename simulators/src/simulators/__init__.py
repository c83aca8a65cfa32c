"""Simulators of external services: Fonnte (WhatsApp), Midtrans (payments) and a mail server.

What they received can be inspected.
"""

from simulators.lifecycle import Simulators
from simulators.settings import Settings

__all__ = ["Settings", "Simulators"]
