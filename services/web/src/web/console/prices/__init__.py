"""Phases of the prices of a race's categories."""
