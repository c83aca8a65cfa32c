"""E-tickets, and what belongs to the day of the race: calendar file and letter for pick-up."""
