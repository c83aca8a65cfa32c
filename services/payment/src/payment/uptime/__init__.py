"""The record of when payment could take proofs: while it cannot, no deadline runs."""
