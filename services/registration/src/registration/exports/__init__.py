"""Exports: files for vendors and of participants, sent at once or written by the worker, and the record of all."""
