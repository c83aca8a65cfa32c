"""The record of when registration's API was open: while it is not, no time of an offer runs."""
