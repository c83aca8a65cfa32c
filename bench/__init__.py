"""Ratios measured in one run on one machine, never an absolute promise: `make bench`."""
