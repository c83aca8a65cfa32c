"""Files for vendors and of participants, and who took them."""
