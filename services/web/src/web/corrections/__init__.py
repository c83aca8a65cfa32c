"""Corrections that a runner makes."""
