"""The desk at which proofs are reviewed, one after the other."""
