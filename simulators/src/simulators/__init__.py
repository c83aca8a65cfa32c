"""Stand-ins for the outside parties: Fonnte (WhatsApp) and a mail server, with an inbox to look into."""

from simulators.lifecycle import Simulators
from simulators.settings import Settings

__all__ = ["Settings", "Simulators"]
