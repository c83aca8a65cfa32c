"""The record of when a service's API was open: beats of its processes, and outages between them."""
