"""Who may collect a pack, as registration confirmed it."""
