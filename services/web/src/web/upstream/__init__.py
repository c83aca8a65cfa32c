"""Clients of the platform's APIs."""
