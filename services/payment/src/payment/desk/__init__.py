"""Where staff look at proofs and decide."""
