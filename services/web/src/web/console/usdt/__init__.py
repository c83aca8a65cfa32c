"""Payment in USDT: receiving keys, networks, the rate, and transfers on the chains."""
