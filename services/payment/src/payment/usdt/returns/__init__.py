"""USDT that go back: the addresses that runners give, and looking for the transactions on the chains."""
