"""Review: staff look at proofs of payment and verify or reject them."""
