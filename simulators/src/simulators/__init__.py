"""Simulators of external services: Fonnte (WhatsApp) and a mail server, with inboxes to inspect."""

from simulators.lifecycle import Simulators
from simulators.settings import Settings

__all__ = ["Settings", "Simulators"]
