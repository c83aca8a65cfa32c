"""How to pay, as the organiser set it."""
