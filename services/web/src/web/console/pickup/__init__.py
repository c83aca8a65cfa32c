"""Race packs: stations, devices, progress of the hand-out, and what has to be put right."""
