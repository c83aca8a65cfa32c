"""Streaming of tables as spreadsheet files while their rows are read."""
