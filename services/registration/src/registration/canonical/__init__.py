"""Conversion of rows from older releases into canonical form."""
