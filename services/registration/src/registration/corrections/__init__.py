"""Corrections of participants' data: all fields by staff, some by the runner."""
