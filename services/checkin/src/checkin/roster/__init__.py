"""The roster: participants of confirmed registrations, who may collect a pack."""
