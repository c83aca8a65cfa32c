"""A simulator of the prices of USDT at Indodax and CoinGecko."""

from simulators.rates.account import Fault, Rates, Source
from simulators.rates.api import build_rates

__all__ = ["Fault", "Rates", "Source", "build_rates"]
