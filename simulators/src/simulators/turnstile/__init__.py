"""A simulator of Cloudflare Turnstile's `siteverify`."""

from simulators.turnstile.account import TurnstileAccount, TurnstileMode
from simulators.turnstile.api import build_turnstile

__all__ = ["TurnstileAccount", "TurnstileMode", "build_turnstile"]
