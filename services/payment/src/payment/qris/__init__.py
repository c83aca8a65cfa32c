"""QRIS: the organiser's code, read from a picture and checked, and the amount of an invoice put into it."""
