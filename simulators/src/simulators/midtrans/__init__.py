"""A simulator of Midtrans' Core API, with control over payers, notifications and failures."""

from simulators.midtrans.account import MidtransAccount
from simulators.midtrans.app import build_midtrans
from simulators.midtrans.modes import Mode, NotificationMode

__all__ = ["MidtransAccount", "Mode", "NotificationMode", "build_midtrans"]
